"""Work on other processes and machines, by Ray: the trainings of a round, and the runs of a sweep.

`joining` starts Ray or joins a cluster, `waiting` hands out tasks and waits for them, `tasks` is what they do, and
`rounds` is what the loop asks.
"""
