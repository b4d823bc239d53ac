"""Where searches are asked: `ddgs`, which asks public engines, or an endpoint of the user's own."""
