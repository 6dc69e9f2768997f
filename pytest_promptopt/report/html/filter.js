(() => {
  "use strict";
  const form = document.getElementById("filter");
  const SLICE = 400; // cases whose text is read in one idle moment
  const PRINTED = 50; // cases of a group that are opened for print

  const tests = Array.from(document.querySelectorAll(".prompt-test"), (node, at) => ({
    node,
    row: document.querySelector(`#overview + thead + tbody > tr:nth-child(${at + 1})`),
    box: node.querySelector("details.test"),
    name: node.querySelector("summary").textContent.toLowerCase(),
    outcome: node.dataset.outcome,
    groups: [],
  }));
  const cases = [];
  for (const test of tests) {
    for (const node of test.node.querySelectorAll("details.group")) {
      const group = { node, cases: [], chunks: [] };
      for (const chunk of node.querySelectorAll(".chunk")) {
        const part = { node: chunk, cases: [] };
        for (const one of chunk.children) {
          const kept = {
            node: one,
            text: null,
            changed: one.classList.contains("worse") || one.classList.contains("better"),
            wrong: "w" in one.dataset,
            tags: (one.dataset.g || "").split(" "),
          };
          part.cases.push(kept);
          group.cases.push(kept);
          cases.push(kept);
        }
        group.chunks.push(part);
      }
      test.groups.push(group);
    }
  }

  const read = (one) => {
    if (one.text === null) one.text = one.node.textContent.toLowerCase();
    return one.text;
  };
  let next = 0;
  const later = window.requestIdleCallback || ((work) => setTimeout(work, 50));
  const readSome = () => {
    const end = Math.min(next + SLICE, cases.length);
    while (next < end) read(cases[next++]);
    if (next < cases.length) later(readSome);
  };

  // What was open before anything was filtered, to be opened again afterwards.
  let before = null;
  const remember = () => {
    if (before !== null) return;
    before = new Map();
    for (const test of tests) {
      before.set(test.box, test.box.open);
      for (const group of test.groups) before.set(group.node, group.node.open);
    }
  };
  const restore = () => {
    if (before === null) return;
    for (const [node, open] of before) node.open = open;
    before = null;
  };
  const setHidden = (node, hidden) => {
    if (node && node.hidden !== hidden) node.hidden = hidden;
  };

  const wanted = () => {
    const value = (name) => (form.elements[name] ? form.elements[name].value : "");
    return {
      words: value("text").toLowerCase().split(/\s+/).filter(Boolean),
      changed: form.elements.changed.checked,
      wrong: form.elements.wrong.checked,
      tag: value("tag"),
      verdict: value("verdict"),
    };
  };
  const fits = (one, by, words) =>
    (!by.changed || one.changed) &&
    (!by.wrong || one.wrong) &&
    (!by.tag || one.tags.includes(by.tag)) &&
    words.every((word) => read(one).includes(word));

  const filterTest = (test, by, narrowed) => {
    const words = by.words.filter((word) => !test.name.includes(word));
    let shown = 0;
    for (const group of test.groups) {
      let inGroup = 0;
      for (const chunk of group.chunks) {
        let inChunk = 0;
        for (const one of chunk.cases) {
          const fit = fits(one, by, words);
          setHidden(one.node, !fit);
          if (fit) inChunk += 1;
        }
        setHidden(chunk.node, inChunk === 0);
        inGroup += inChunk;
      }
      setHidden(group.node, inGroup === 0);
      if (narrowed && inGroup > 0) group.node.open = true;
      shown += inGroup;
    }
    return { shown, named: by.words.length > 0 && words.length === 0 };
  };

  const filter = () => {
    const by = wanted();
    const narrowed = by.words.length > 0 || by.changed || by.wrong || by.tag !== "";
    if (narrowed) remember();
    let shownCases = 0;
    let shownTests = 0;
    for (const test of tests) {
      const outcome = !by.verdict || test.outcome === by.verdict;
      let visible = outcome;
      if (outcome) {
        const { shown, named } = filterTest(test, by, narrowed);
        visible = !narrowed || shown > 0 || (named && !(by.changed || by.wrong || by.tag));
        shownCases += shown;
        if (narrowed && shown > 0) test.box.open = true;
      }
      setHidden(test.node, !visible);
      setHidden(test.row, !visible);
      if (visible) shownTests += 1;
    }
    if (!narrowed) restore();
    const number = (value) => value.toLocaleString("en");
    document.getElementById("f-count").textContent =
      `${number(shownCases)} of ${number(cases.length)} cases, ` +
      `${number(shownTests)} of ${number(tests.length)} prompt tests`;
  };

  if (form) {
    let waiting = 0;
    form.addEventListener("input", (event) => {
      clearTimeout(waiting);
      // A word is typed in one go; whatever else is chosen is answered at once.
      waiting = setTimeout(filter, event.target.type === "search" ? 120 : 0);
    });
    form.addEventListener("reset", () => setTimeout(filter, 0));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      filter();
    });
    form.hidden = false;
    filter();
    later(readSome);
  }

  const show = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const box = target && target.querySelector("details.test");
    if (box) box.open = true;
  };
  addEventListener("hashchange", show);
  show();

  let opened = [];
  addEventListener("beforeprint", () => {
    for (const group of document.querySelectorAll("details.test[open] > .inside > .group[open]")) {
      const closed = group.querySelectorAll(".case:not([open]):not([hidden])");
      for (const one of Array.from(closed).slice(0, PRINTED)) {
        one.open = true;
        opened.push(one);
      }
    }
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
    opened = [];
  });
})();
