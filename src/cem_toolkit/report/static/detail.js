/* What opens below a question: its answers, and every lesson down to the sentence that was trained on. */

async function detail(row) {
  const [question, gold, choices, answers, lessons] = await item("q", row);
  const node = el("div");
  if (question) node.append(el("p", { class: "body" }, question));
  if (choices.length) node.append(el("ul", {}, ...choices.map((each) => choice(each, gold))));
  else node.append(el("p", {}, "Right answer: ", el("b", {}, gold)));
  node.append(answersTable(answers));
  if (columns.reviewed[row]) node.append(el("p", {}, "Its own question and answer were trained on, as review of what was right."));
  for (const lesson of lessons) node.append(...(await lessonParts(lesson)));
  if (!lessons.length) node.append(el("p", { class: "missing" }, whyNoLesson(row)));
  node.append(el("p", {}, el("a", { href: `#q=${encodeURIComponent(keyOf(row))}` }, "Link to this question"), " ", el("small", {}, columns.id[row])));
  return node;
}

const choice = (text, gold) => el("li", {}, text === gold ? el("b", {}, text) : text, text === gold ? " (right)" : "");

function answersTable(answers) {
  const head = el("tr", {}, ...["round", "answer", "", "margin, nats"].map((name) => el("th", { scope: "col" }, name)));
  const body = answers.map(([round, answer, correct, margin]) => el("tr", {},
    el("th", { scope: "row" }, round ? `round ${round}` : "start"),
    el("td", {}, answer || "(empty)"),
    el("td", { class: correct ? "good" : "bad" }, correct ? "✓ right" : "✗ wrong"),
    el("td", {}, margin === null || margin === 0 ? "–" : margin.toFixed(2).replace("-", "−"))));
  return el("table", {}, el("caption", { class: "unseen" }, "Answers by round"), el("thead", {}, head), el("tbody", {}, ...body));
}

function whyNoLesson(row) {
  const split = names.splits[columns.split[row]];
  if (split !== "mined") return `A question of the split “${spaced(split)}” never steers the training: nothing was looked up about it.`;
  return columns.path[row].includes("0") ? "No round looked this mistake up." : "It was right whenever it was asked, so nothing was looked up about it.";
}

async function lessonParts([round, kind, evidence, queries, passages, morePassages, rows, moreRows, drops]) {
  const parts = [el("h3", {}, `Round ${round}: taken as a mistake of kind “${spaced(kind)}”`)];
  if (evidence.length) parts.push(el("p", {}, `Why: ${evidence.join("; ")}.`));
  parts.push(el("p", {}, queries.length ? "Searched for:" : "Nothing was searched for."));
  parts.push(el("ul", { class: "queries" }, ...queries.map((query) => el("li", {}, query))));
  for (const passage of passages) parts.push(await passageNode(passage));
  if (!passages.length) parts.push(el("p", { class: "missing" }, "No passage was found that could be used."));
  if (morePassages) parts.push(el("p", {}, `… and ${format(morePassages)} more found; see the run’s folder.`));
  for (const number of rows) parts.push(await rowNode(number));
  if (moreRows) parts.push(el("p", {}, `… and ${format(moreRows)} more rows.`));
  for (const [stage, reason, what] of drops) {
    parts.push(el("p", {}, `Dropped ${stage === "mix" ? "row" : "passage"}, as a leak (${reason})${what ? `: ${what}` : ""}`));
  }
  return parts;
}

async function passageNode([number, trained, flips, rank, telling]) {
  const [title, source, url, revision, licence, text] = await item("p", number);
  const tested = flips === null ? "" : flips ? "; before the question, it makes the answer right" : "; before the question, it does not make the answer right";
  const head = el("p", { class: "head" }, el("b", {}, link(url, title)), ` ${[source, revision, licence].filter(Boolean).join(", ")}. `,
    trained ? "Trained on" : "Found, not trained on", `; rank ${rank + 1}${tested}.`);
  const body = text === null ? el("p", { class: "missing" }, "Its text is left out of this page; it is in the run’s folder.") : marked(text, telling);
  const shown = trained || text === null ? body : el("details", {}, el("summary", {}, "Its text"), body);
  return el("article", { class: trained ? "passage trained" : "passage" }, head, shown);
}

function marked(text, telling) {
  const start = telling ? text.indexOf(telling) : -1;
  if (!telling) return el("p", { class: "body" }, text);
  if (start < 0) return el("p", { class: "body" }, el("mark", {}, telling), "\n", text);
  return el("p", { class: "body" }, text.slice(0, start), el("mark", {}, telling), text.slice(start + telling.length));
}

async function rowNode(number) {
  const [kind, prompt, completion, tokens] = await item("r", number);
  const head = el("p", { class: "head" }, el("small", {}, `Row of kind “${kind}”, ${format(tokens)} tokens${completion ? "" : ": the passage above as it stands"}`));
  const body = completion ? el("p", { class: "body" }, prompt, el("span", { class: "completion" }, completion)) : null;
  return el("div", { class: "row" }, head, body);
}
