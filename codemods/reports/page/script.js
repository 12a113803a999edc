"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const { findings, files, hunks } = data;
const APPROVE = data.approve;
const REJECT = data.reject;
const PLACE = `tmlfix-review:${data.id}`;
const THEME = "tmlfix-review-theme";
const FILE_NAME = "tmlfix-selection.json";
const MANY = 4;
const CONFIRMED = 50;

const $ = (id) => document.getElementById(id);

/** An element with attributes and children; text becomes text, never markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** Text in which what stands between backticks is code. */
function prose(text) {
  return text.split("`").map((part, number) => (number % 2 ? make("code", {}, part) : part));
}

function plural(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** What this browser keeps for the page; nothing where it keeps nothing. */
const store = {
  get(name) { try { return localStorage.getItem(name); } catch { return null; } },
  set(name, value) { try { localStorage.setItem(name, value); } catch { /* decisions last as long as the page */ } },
};

// State

for (const [index, finding] of findings.entries()) {
  finding.index = index;
  finding.decision = "";
  finding.rows = [];
  finding.followers = [];
}
for (const finding of findings) for (const needed of finding.needs) findings[needed].followers.push(finding.index);

const canDecide = (finding) => finding.verdict !== "reported";
const label = (finding) => `${files[finding.file].label}:${finding.line}:${finding.column}`;
const nameOf = (finding) => `${finding.rule} ${files[finding.file].label.split("/").pop()}:${finding.line}`;
let current = null;
let undone = null;

// Cards: a hunk, or the surroundings of a finding that has none

function findingRow(finding, isFirst) {
  const row = make("div", { class: "finding", tabindex: "-1", role: "group", "aria-label": `${finding.rule} ${label(finding)}` });
  row.dataset.index = finding.index;
  row.append(make("p", { class: "head" },
    make("span", { class: `verdict ${finding.verdict}` }, finding.verdict),
    make("span", { class: "rule" }, finding.rule),
    make("span", { class: "where" }, `${finding.line}:${finding.column}${finding.where ? ` in ${finding.where}` : ""}`),
    ...(isFirst ? [] : [make("span", { class: "figure" }, "(continued)")])));
  if (!isFirst) {
    row.append(make("p", { class: "decide" }, make("span", { class: "state" })));
    showDecision(row, finding);
  } else if (canDecide(finding)) {
    const buttons = [[APPROVE, "Approve"], [REJECT, "Reject"], ["", "Undecided"]].map(([decision, text]) =>
      make("button", { type: "button", "data-decision": decision, "aria-pressed": String(decision === finding.decision) }, text));
    row.append(make("div", { class: "decide", role: "group", "aria-label": "Decision" }, ...buttons));
  } else {
    row.append(make("div", { class: "decide" }, make("span", { class: "none" }, "no fix")));
  }
  if (isFirst) {
    row.append(make("p", { class: "message" }, ...prose(finding.shown)));
    row.append(origin(finding));
    if (finding.needs.length) row.append(linkNote("Needs", finding.needs, ", decided with it."));
    if (finding.followers.length) row.append(linkNote("Is needed by", finding.followers, "."));
    if (data.rules[finding.rule]) row.append(make("details", { class: "why" }, make("summary", {}, "Why this rule")));
  }
  finding.rows.push(row);
  return row;
}

/** Whose mistake it is, and on which paths it leaks, or frees what is freed already. */
function origin(finding) {
  const cause = finding.defect ? make("a", { href: finding.defect }, "a defect of the compiler") : "a mistake of the code";
  return make("p", { class: "note" }, "Cause: ", cause, `. Happens on ${finding.paths === "error" ? "error paths only" : "normal paths"}.`);
}

function linkNote(text, indexes, end) {
  const note = make("p", { class: "note" }, `${text} `);
  for (const [number, index] of indexes.slice(0, MANY).entries()) {
    const jump = make("button", { type: "button", class: "jump", "data-jump": index }, nameOf(findings[index]));
    note.append(...(number ? [", ", jump] : [jump]));
  }
  note.append(indexes.length > MANY ? ` and ${indexes.length - MANY} more${end}` : end);
  return note;
}

function buildCard(hunk) {
  const card = make("article", { class: "card" });
  for (const index of hunk.findings) {
    const finding = findings[index];
    finding.card ??= hunk;
    card.append(findingRow(finding, finding.card === hunk));
  }
  if (hunk.kind === "offered") card.append(make("p", { class: "offer" }, "This change is offered: it is right if what its message assumes holds. It is made only if you approve it."));
  hunk.code = make("div", { class: "code" });
  hunk.code.style.minHeight = `${hunk.rows.length * 19.4 + 26}px`;
  card.append(hunk.code);
  card.hunk = hunk;
  hunk.card = card;
  return card;
}

function buildFile(file) {
  const at = file.label.lastIndexOf("/") + 1;
  file.figure = make("span", { class: "figure" });
  file.section = make("section", { class: "file", "aria-label": file.label }, make("header", {},
    make("h2", {}, make("span", { class: "folder" }, file.label.slice(0, at)), file.label.slice(at)),
    make("span", { class: "phase" }, `phase ${data.phases[file.phase]}`), file.figure, make("span", { class: "gap" })));
  if (file.findings.some(canDecide)) {
    for (const [decision, text] of [[APPROVE, "Approve file"], [REJECT, "Reject file"]]) {
      file.section.firstChild.append(make("button", { type: "button", "data-file": file.index, "data-decision": decision }, text));
    }
  }
  file.section.append(...file.hunks.map(buildCard));
  return file.section;
}

// Code

const narrow = matchMedia("(max-width: 60rem)");
const small = matchMedia("(max-width: 44rem)");
let layout = null;
const isSplit = () => (layout ?? (narrow.matches ? "unified" : "split")) === "split";

function textOf(line) {
  return line.map((piece) => piece.slice(1)).join("");
}

/** How much two lines have in common at their start and at their end; null if that is little. */
function difference(before, after) {
  const shortest = Math.min(before.length, after.length);
  let start = 0;
  while (start < shortest && before[start] === after[start]) start++;
  let end = 0;
  while (end < shortest - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const word = /[\w]/;
  while (start > 0 && word.test(before[start - 1]) && (word.test(before[start] ?? "") || word.test(after[start] ?? ""))) start--;
  const common = before.slice(0, start).trim().length + end;
  return common * 3 < shortest ? null : [start, end];
}

function pieces(line, from, to) {
  const spans = [];
  let at = 0;
  for (const piece of line) {
    const text = piece.slice(1);
    for (const [start, end, isPart] of [[0, from, false], [from, to, true], [to, Infinity, false]]) {
      const part = text.slice(Math.max(0, start - at), Math.max(0, end - at));
      if (part) spans.push(make("span", { class: isPart ? `${piece[0]} x` : piece[0] }, part));
    }
    at += text.length;
  }
  return spans;
}

function codeCells(number, line, kind, part) {
  if (!line) return [make("td", { class: "no empty" }), make("td", { class: "empty" })];
  const [from, to] = part ?? [Infinity, Infinity];
  return [make("td", { class: `no ${kind}` }, String(number)), make("td", { class: kind }, ...pieces(line, from, to))];
}

function renderCode(hunk) {
  const split = isSplit();
  if (hunk.rendered === split) return;
  hunk.rendered = split;
  const isExcerpt = hunk.kind === "excerpt";
  const body = make("tbody");
  let [oldNumber, newNumber] = hunk.at;
  const row = (block, ...cells) => {
    const element = make("tr", {}, ...cells);
    if (block !== null) element.dataset.block = block;
    body.append(element);
    return element;
  };
  const change = (rows) => {
    const parts = rows.map(([before, after]) => {
      if (!before || !after) return [null, null];
      const [one, other] = [textOf(before), textOf(after)];
      const common = difference(one, other);
      return common ? [one, other].map((text) => [common[0], text.length - common[1]]) : [null, null];
    });
    const removed = rows.map(([before], at) => codeCells(before ? oldNumber++ : 0, before, "removed", parts[at][0]));
    const added = rows.map(([, after], at) => codeCells(after ? newNumber++ : 0, after, "added", parts[at][1]));
    if (split) {
      rows.forEach(([, , block], at) => row(block, ...removed[at], ...added[at]));
      return;
    }
    rows.forEach(([before, , block], at) => before && row(block, removed[at][0], make("td", { class: "no removed" }), removed[at][1]));
    rows.forEach(([, after, block], at) => after && row(block, make("td", { class: "no added" }), added[at][0], added[at][1]));
  };
  let pending = [];
  const flush = () => { if (pending.length) change(pending); pending = []; };
  for (const each of hunk.rows) {
    if (each.length > 1) {
      if (pending.length && pending[0][2] !== each[2]) flush();
      pending.push(each);
      continue;
    }
    flush();
    const [number, code] = codeCells(oldNumber, each[0], "same");
    const [other, copy] = codeCells(newNumber, each[0], "same");
    const cells = isExcerpt ? [number, code] : split ? [number, code, other, copy] : [number, other, code];
    const element = row(null, ...cells);
    if (hunk.line === oldNumber) element.className = "leak";
    oldNumber++;
    newNumber++;
  }
  flush();
  const columns = isExcerpt ? ["number", ""] : split ? ["number", "", "number", ""] : ["number", "number", ""];
  hunk.code.replaceChildren(make("table", { class: split ? "diff split" : "diff" },
    make("caption", {}, hunk.heading ?? `line ${hunk.line}`),
    make("colgroup", {}, ...columns.map((name) => make("col", { class: name }))), body));
  hunk.code.style.minHeight = "";
  if (current && current.hunks.includes(hunk)) markRows(hunk);
}

const observer = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    entry.target.isNear = entry.isIntersecting;
    if (entry.isIntersecting) renderCode(entry.target.hunk);
  }
}, { rootMargin: "1200px 0px" });

function renderNear() {
  $("layout").textContent = isSplit() ? "Unified" : "Side by side";
  for (const hunk of hunks) {
    if (hunk.card.isNear) renderCode(hunk);
  }
}

/** Mark the lines that the current finding changes, where others change lines as well. */
function markRows(hunk) {
  for (const row of hunk.code.querySelectorAll("tr[data-block]")) {
    const isMine = current !== null && hunk.findings.length > 1 && hunk.blocks[row.dataset.block].includes(current.index);
    row.classList.toggle("mine", isMine);
  }
}

// Decisions

/** The findings that are reached from some by their links of one name, these included. */
function reached(some, links) {
  const found = new Set(some);
  for (const finding of found) for (const index of finding[links]) found.add(findings[index]);
  return [...found];
}

/** Decide, so that what is approved always has all that it needs. */
function decide(chosen, decision) {
  const asked = chosen.filter((finding) => canDecide(finding) && finding.decision !== decision);
  if (!asked.length) return;
  const concerned = decision === APPROVE ? reached(asked, "needs")
    : reached(asked, "followers").filter((finding) => asked.includes(finding) || decision === REJECT || finding.decision === APPROVE);
  const changed = concerned.filter((finding) => finding.decision !== decision);
  const before = changed.map((finding) => [finding, finding.decision]);
  for (const finding of changed) setDecision(finding, decision);
  undone = () => {
    for (const [finding, old] of before) setDecision(finding, old);
    undone = null;
    refresh();
    say(`Undone: ${plural(before.length, "decision")}.`);
  };
  refresh();
  say(consequence(asked, changed.filter((finding) => !asked.includes(finding)), decision), true);
}

/** Decide everything that the filters show; ask first where that is much. */
function decideShown(decision) {
  const shown = findings.filter((finding) => finding.isShown && canDecide(finding) && finding.decision !== decision);
  if (shown.length <= CONFIRMED) return decide(shown, decision);
  const action = { [APPROVE]: "Approve", [REJECT]: "Reject", "": "Undecide" }[decision];
  $("confirm-title").textContent = `${action} ${plural(shown.length, "finding")}?`;
  $("confirmed").textContent = action;
  $("confirmed").onclick = () => { $("confirm").close(); decide(shown, decision); };
  return $("confirm").showModal();
}

function setDecision(finding, decision) {
  finding.decision = decision;
  for (const row of finding.rows) showDecision(row, finding);
}

function showDecision(row, finding) {
  row.classList.toggle("approve", finding.decision === APPROVE);
  row.classList.toggle("reject", finding.decision === REJECT);
  for (const button of row.querySelectorAll("[data-decision]")) {
    button.setAttribute("aria-pressed", String(button.dataset.decision === finding.decision));
  }
  const state = row.querySelector(".state");
  if (state) state.textContent = canDecide(finding) ? STATES[finding.decision] : "no fix";
}

const STATES = { [APPROVE]: "approved", [REJECT]: "rejected", "": "undecided" };
const DONE = { [APPROVE]: "Approved", [REJECT]: "Rejected", "": "Undecided again:" };

/** What was decided, and what with it. */
function consequence(asked, others, decision) {
  const what = asked.length > 1 ? plural(asked.length, "finding") : nameOf(asked[0]);
  if (!others.length) return `${DONE[decision]} ${what}.`;
  const named = others.slice(0, 3).map(nameOf).join(", ") + (others.length > 3 ? ` and ${others.length - 3} more` : "");
  return `${DONE[decision]} ${what}, and ${decision === APPROVE ? "what it needs" : "what needs it"}: ${named}.`;
}

function tally(some) {
  const figures = { approved: 0, rejected: 0, undecided: 0, reported: 0 };
  for (const finding of some) {
    if (!canDecide(finding)) figures.reported++;
    else if (finding.decision === APPROVE) figures.approved++;
    else if (finding.decision === REJECT) figures.rejected++;
    else figures.undecided++;
  }
  return figures;
}

function refresh() {
  const figures = tally(findings);
  const number = (name) => figures[name].toLocaleString("en");
  $("tally").textContent = `${number("approved")} approved · ${number("rejected")} rejected · ${number("undecided")} undecided · ${number("reported")} without a fix`;
  $("progress").max = Math.max(1, findings.length - figures.reported);
  $("progress").value = figures.approved + figures.rejected;
  for (const file of files) {
    const { approved, rejected, undecided } = tally(file.findings);
    const decisions = file.findings.some(canDecide) ? `: ${approved} approved, ${rejected} rejected, ${undecided} undecided` : " without a fix";
    file.figure.textContent = plural(file.findings.length, "finding") + decisions;
  }
  const decisions = findings.filter((finding) => finding.decision).map((finding) => [finding.index, finding.decision]);
  store.set(PLACE, JSON.stringify(decisions));
}

function restore() {
  try {
    for (const [index, decision] of JSON.parse(store.get(PLACE) ?? "[]")) {
      if (findings[index] && canDecide(findings[index]) && decision in DONE) setDecision(findings[index], decision);
    }
  } catch { /* nothing of ours */ }
}

let silence = 0;
function say(message, canUndo = false) {
  $("status").firstElementChild.textContent = message;
  $("undo").hidden = !canUndo;
  $("status").classList.add("on");
  clearTimeout(silence);
  silence = setTimeout(() => $("status").classList.remove("on"), 6000);
}

// The selection file

const FIELDS = ["phase", "path", "line", "column", "rule", "function"];
const keyOf = (finding) => JSON.stringify(FIELDS.map((name) => (name === "path" ? files[finding.file].path : finding[name])));

function selection() {
  const decided = findings.filter((finding) => finding.decision);
  const concerned = [...new Set(decided.map((finding) => finding.file))].map((number) => files[number]);
  return {
    version: data.version,
    source: data.source,
    files: Object.fromEntries(concerned.map((file) => [file.path, file.digest])),
    findings: decided.map((finding) => ({
      decision: finding.decision,
      phase: finding.phase,
      path: files[finding.file].path,
      line: finding.line,
      column: finding.column,
      rule: finding.rule,
      function: finding.function,
      message: finding.message,
      edits: finding.edits.map(([start, end, text]) => ({ start, end, text })),
    })),
  };
}

function save() {
  const blob = new Blob([JSON.stringify(selection(), null, 2), "\n"], { type: "application/json" });
  const link = make("a", { href: URL.createObjectURL(blob), download: FILE_NAME });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  $("summary").close();
  say(`Saved ${FILE_NAME}: ${plural(tally(findings).approved, "approved finding")}.`);
}

function load(text) {
  let document;
  try { document = JSON.parse(text); } catch { return say("This file is not JSON."); }
  if (document?.version !== data.version || !Array.isArray(document.findings)) return say("This is not a selection file of this version of tmlfix.");
  const known = new Map(findings.map((finding) => [keyOf(finding), finding]));
  const found = { [APPROVE]: [], [REJECT]: [] };
  let foreign = 0;
  for (const each of document.findings) {
    const finding = known.get(JSON.stringify(FIELDS.map((name) => each?.[name])));
    const isSame = finding && canDecide(finding) && Object.hasOwn(document.files ?? {}, each.path) && document.files[each.path] === files[finding.file].digest;
    if (isSame && Object.hasOwn(found, each.decision)) found[each.decision].push(finding);
    else foreign++;
  }
  const total = found[APPROVE].length + found[REJECT].length;
  for (const finding of found[REJECT]) setDecision(finding, REJECT);
  for (const finding of reached(found[APPROVE], "needs")) setDecision(finding, APPROVE);
  refresh();
  return say(`Loaded ${plural(total, "decision")}${foreign ? `; ${plural(foreign, "decision")} did not fit, because the file has changed or is not part of this review` : ""}.`);
}

function showSummary() {
  const names = ["approved", "rejected", "undecided", "reported"];
  const line = (title, figures) => make("tr", {}, make("th", { scope: "row" }, title), ...names.map((name) => make("td", {}, figures[name].toLocaleString("en"))));
  const table = $("summary").querySelector("table");
  table.tHead.replaceChildren(make("tr", {}, ...["phase", "approved", "rejected", "undecided", "without a fix"].map((name) => make("th", { scope: "col" }, name))));
  table.tBodies[0].replaceChildren(
    ...Object.entries(data.phases).map(([phase, name]) => line(name, tally(findings.filter((finding) => finding.phase === Number(phase))))),
    line("all", tally(findings)));
  $("download").disabled = !findings.some((finding) => finding.decision);
  $("summary").showModal();
}

// Filters

const MODULES = new Map();
for (const finding of findings) {
  const folders = files[finding.file].label.split("/").slice(0, -1);
  for (let depth = 1; depth <= folders.length; depth++) {
    const name = folders.slice(0, depth).join("/");
    MODULES.set(name, (MODULES.get(name) ?? 0) + 1);
  }
}

function fill(id, title, entries) {
  $(id).replaceChildren(make("option", { value: "" }, title), ...entries.map(([value, text]) => make("option", { value }, text)));
}

function counted(of) {
  const counts = new Map();
  for (const finding of findings) counts.set(of(finding), (counts.get(of(finding)) ?? 0) + 1);
  return [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
}

function fillFilters() {
  fill("phase", "All phases", counted((finding) => finding.phase).map(([phase, number]) => [phase, `${data.phases[phase]} (${number})`]));
  fill("rule", "All rules", counted((finding) => finding.rule).map(([rule, number]) => [rule, `${rule} (${number})`]));
  fill("verdict", "All verdicts", counted((finding) => finding.verdict).map(([verdict, number]) => [verdict, `${verdict} (${number})`]));
  fill("cause", "All causes", counted((finding) => finding.cause).map(([cause, number]) => [cause, `${cause} (${number})`]));
  fill("paths", "All paths", counted((finding) => finding.paths).map(([paths, number]) => [paths, `${paths} (${number})`]));
  fill("module", "All modules", [...MODULES].sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, number]) => [name, `${name} (${number})`]));
  fill("decision", "All decisions", [["undecided", "undecided"], [APPROVE, "approved"], [REJECT, "rejected"]]);
}

function searchText(finding) {
  finding.text ??= [label(finding), finding.rule, finding.shown, finding.where,
    ...finding.hunks.flatMap((hunk) => hunk.rows.flatMap((row) => row.slice(0, 2).filter(Array.isArray).map(textOf)))].join("\n").toLowerCase();
  return finding.text;
}

function filter() {
  const value = (id) => $(id).value;
  const words = value("search").toLowerCase().split(/\s+/).filter(Boolean);
  const [phase, rule, verdict, cause, paths, module, decision] = ["phase", "rule", "verdict", "cause", "paths", "module", "decision"].map(value);
  for (const finding of findings) {
    finding.isShown = (!phase || finding.phase === Number(phase))
      && (!rule || finding.rule === rule)
      && (!verdict || finding.verdict === verdict)
      && (!cause || finding.cause === cause)
      && (!paths || finding.paths === paths)
      && (!module || files[finding.file].label.startsWith(`${module}/`))
      && (!decision || (decision === "undecided" ? canDecide(finding) && !finding.decision : finding.decision === decision))
      && words.every((word) => searchText(finding).includes(word));
    for (const row of finding.rows) row.classList.toggle("out", !finding.isShown);
  }
  for (const hunk of hunks) hunk.card.hidden = !hunk.findings.some((index) => findings[index].isShown);
  for (const file of files) file.section.hidden = !file.findings.some((finding) => finding.isShown);
  const shown = findings.filter((finding) => finding.isShown).length;
  $("count").textContent = shown === findings.length ? plural(shown, "finding") : `${shown.toLocaleString("en")} of ${plural(findings.length, "finding")}`;
  $("nothing").hidden = shown > 0 || !findings.length;
  let isActive = false;
  for (const control of $("filters").querySelectorAll("input, select")) {
    control.classList.toggle("active", control.value !== "");
    isActive ||= control.value !== "";
  }
  $("clear").hidden = !isActive;
  $("fold").firstElementChild.textContent = isActive ? "Filters (in use)" : "Filters";
}

// Going through the findings

/** How much of the window what stays at its top covers: the bar, or on small screens its first line. */
function stickyHeight() {
  const part = small.matches ? $("bar").firstElementChild : $("bar");
  return getComputedStyle(part).position === "sticky" ? part.offsetHeight : 0;
}

function fold() {
  $("fold").open = !small.matches;
}

function setCurrent(finding, { scroll = true } = {}) {
  const before = current;
  current = finding;
  for (const each of [before, finding]) {
    if (!each) continue;
    each.rows[0].classList.toggle("current", each === current);
    each.hunks.forEach(markRows);
  }
  if (!finding) return;
  finding.hunks.forEach(renderCode);
  finding.rows[0].focus({ preventScroll: true });
  if (!scroll) return;
  const { top } = finding.rows[0].getBoundingClientRect();
  const { bottom } = finding.card.card.getBoundingClientRect();
  const isSeen = top > stickyHeight() + 40 && bottom < innerHeight;
  if (!isSeen) finding.rows[0].scrollIntoView({ block: "start" });
}

function step(direction, fits = () => true) {
  let at = current ? sequence.indexOf(current) : direction > 0 ? -1 : sequence.length;
  for (at += direction; at >= 0 && at < sequence.length; at += direction) {
    if (sequence[at].isShown && fits(sequence[at])) return setCurrent(sequence[at]);
  }
  return undefined;
}

function decideCurrent(decision) {
  if (!current) return step(1);
  if (!canDecide(current)) return say("This finding has no fix to decide about.");
  decide([current], decision);
  if (decision) step(1);
  return undefined;
}

function explain(row) {
  const details = row.querySelector(".why");
  if (!details) return;
  if (details.children.length === 1) {
    const rule = data.rules[findings[row.dataset.index].rule];
    details.append(make("p", {}, ...prose(rule.summary)), make("p", {}, ...prose(rule.reason)));
  }
}

function jump(finding) {
  if (!finding.isShown) {
    $("filters").reset();
    filter();
  }
  setCurrent(finding);
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  n: () => step(1, (finding) => canDecide(finding) && !finding.decision),
  a: () => decideCurrent(APPROVE),
  r: () => decideCurrent(REJECT),
  u: () => decideCurrent(""),
  e: () => {
    const details = current?.rows[0].querySelector(".why");
    if (details) details.open = !details.open;
  },
  z: () => undone?.(),
  f: () => { $("fold").open = true; $("search").focus(); },
  "?": () => $("keys").showModal(),
};

// The page

const sequence = [];

function listen() {
  $("list").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const row = event.target.closest(".finding");
    if (button?.dataset.file !== undefined) {
      decide(files[button.dataset.file].findings.filter((finding) => finding.isShown), button.dataset.decision);
    } else if (button?.dataset.jump !== undefined) {
      jump(findings[button.dataset.jump]);
    } else if (row) {
      const finding = findings[row.dataset.index];
      if (button?.dataset.decision !== undefined) decide([finding], button.dataset.decision);
      if (!event.target.closest("summary") && row === finding.rows[0]) {
        setCurrent(finding, { scroll: false });
        button?.focus({ preventScroll: true });
      }
    }
  });
  $("list").addEventListener("toggle", (event) => explain(event.target.closest(".finding")), true);
  $("filters").addEventListener("input", filter);
  $("filters").addEventListener("reset", () => setTimeout(filter));
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("click", (event) => {
    const decision = event.target.closest("[data-all]")?.dataset.all;
    if (decision !== undefined) decideShown(decision);
  });
  $("layout").addEventListener("click", () => { layout = isSplit() ? "unified" : "split"; renderNear(); });
  narrow.addEventListener("change", renderNear);
  $("theme").addEventListener("click", () => setTheme(isDark() ? "light" : "dark"));
  $("help").addEventListener("click", KEYS["?"]);
  $("save").addEventListener("click", showSummary);
  $("download").addEventListener("click", save);
  $("load").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", async () => {
    const [file] = $("file").files;
    if (file) load(await file.text());
    $("file").value = "";
  });
  $("undo").addEventListener("click", () => undone?.());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") { event.target.blur(); if (current) setCurrent(current); else $("list").focus(); }
      return;
    }
    if (Object.hasOwn(KEYS, event.key)) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });
  addEventListener("beforeprint", () => hunks.forEach(renderCode));
  const resized = new ResizeObserver(() => document.documentElement.style.setProperty("--bar", `${stickyHeight()}px`));
  for (const element of [$("bar"), $("bar").firstElementChild]) resized.observe(element);
  small.addEventListener("change", fold);
}

const isDark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function setTheme(theme) {
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
    store.set(THEME, theme);
  }
  $("theme").textContent = isDark() ? "Light" : "Dark";
}

function start() {
  setTheme(store.get(THEME));
  $("source").textContent = data.source;
  $("source").title = data.tool;
  for (const [index, file] of files.entries()) {
    file.index = index;
    file.findings = findings.filter((finding) => finding.file === index);
    file.hunks = [];
  }
  for (const hunk of hunks) files[hunk.file].hunks.push(hunk);
  for (const finding of findings) finding.hunks = [];
  for (const hunk of hunks) for (const index of hunk.findings) findings[index].hunks.push(hunk);
  $("list").append(...files.map(buildFile));
  if (!findings.length) $("list").append(make("p", { class: "intro" }, "There is nothing to review: no finding."));
  for (const hunk of hunks) {
    for (const index of hunk.findings) if (findings[index].card === hunk) sequence.push(findings[index]);
    observer.observe(hunk.card);
  }
  fillFilters();
  fold();
  restore();
  refresh();
  filter();
  renderNear();
  listen();
}

start();
