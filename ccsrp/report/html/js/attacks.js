// What each attack of an audit left of one member: the one that is kept, if it was audited.

const GROUPS = {
  search: "the attack of the search",
  "white box": "white box: the attacker follows gradients",
  "black box": "black box: the attacker sees logits alone",
  transfer: "transfer: images made to fool the dense network",
  steps: "one attack with more and more steps: it should fall all the way",
};

function startAttacks(model) {
  const place = byId("attacks");
  const audited = model.data.runs.flatMap(({ attacks }, run) =>
    (attacks?.members ?? []).map((member, index) => ({
      run,
      member,
      index,
      row: model.rowOf(run, member),
    })),
  );
  if (!audited.length) return;
  const choose = make("select", { change: () => show(audited[choose.value]) });
  audited.forEach((one, index) => choose.append(make("option", { value: index }, short(model.nameOf(one.row), 60))));
  const told = make("div");
  const scroller = make("div", { class: "scroller", tabindex: 0, role: "region", "aria-label": "What each attack left" });
  const described = make("input", {
    type: "checkbox",
    change: () => scroller.classList.toggle("with-parameters", described.checked),
  });
  place.append(
    make("h3", {}, "What each attack left of ", make("label", {}, make("span", { class: "unseen" }, "Member "), choose)),
    told,
    make("p", { class: "paperless" }, make("label", {}, described, " with all parameters")),
    scroller,
  );

  /** A share of images as a count, for accuracies are counts divided by it. */
  const count = (share, images) => Math.round(share * images);

  function line(kind, name, left, { images, right }, description) {
    const stay = count(left, images);
    const broke = right === null ? "–" : String(Math.max(0, right - stay));
    const bar = make("span", { class: "bar" }, make("i", { style: `width:${100 * left}%` }));
    return make(
      "tr",
      { class: kind },
      make("th", { scope: "row" }, name),
      make("td", {}, broke),
      make("td", {}, String(stay)),
      make("td", { class: "share" }, bar, left.toFixed(3)),
      make("td", { class: "parameters" }, description),
    );
  }

  function table({ attacks, index }) {
    const images = attacks.images[index];
    const right = attacks.clean[index] === null ? null : count(attacks.clean[index], images);
    const of = { images, right };
    const body = make("tbody");
    if (attacks.clean[index] !== null) body.append(line("clean", "no attack", attacks.clean[index], of, ""));
    if (attacks.worst[index] !== null) {
      body.append(line("worst", "all together", attacks.worst[index], of, "an image must survive every attack"));
    }
    let group = "";
    attacks.names.forEach((name, attack) => {
      const left = attacks.left[index][attack];
      if (left === null) return;
      if (attacks.groups[attack] !== group) {
        group = attacks.groups[attack];
        body.append(make("tr", { class: "group" }, make("th", { colspan: 5, scope: "rowgroup" }, GROUPS[group] ?? group)));
      }
      body.append(line("attack", name, left, of, attacks.descriptions[attack]));
    });
    const heads = ["attack", "images it fooled", "images left", "share left"].map((name) => make("th", { scope: "col" }, name));
    heads.push(make("th", { scope: "col", class: "parameters" }, "parameters"));
    return make("table", { class: "attacks" }, make("thead", {}, make("tr", {}, ...heads)), body);
  }

  function sentences({ run, member, index }) {
    const { attacks } = model.data.runs[run];
    const images = attacks.images[index];
    const eps = attacks.eps === null ? "" : `, each within eps ${Number(attacks.eps.toPrecision(4))} of every pixel`;
    const tried = attacks.left[index].filter((left) => left !== null).length;
    const said = [`${tried} attacks on ${images} test images${eps}; every one of them met all images that are right without an attack.`];
    if (attacks.not_run[index]) said.push(`Not run: ${attacks.not_run[index]}.`);
    const signs = attacks.signs.map((sign, which) => [sign, attacks.found[index][which]]).filter(([, found]) => found !== null);
    const list = signs.map(([sign, found]) =>
      make("li", { class: found ? "sign" : "" }, make("b", {}, found ? "⚠ yes" : "no"), ` – ${sign}`),
    );
    return [
      ...said.map((sentence) => make("p", { class: "hint" }, sentence)),
      ...(list.length
        ? [make("p", { class: "hint" }, `Signs of masked gradients in member ${member}, with which its figures would say little:`), make("ul", { class: "signs" }, ...list)]
        : []),
    ];
  }

  function show(one) {
    choose.value = audited.indexOf(one);
    told.replaceChildren(...sentences(one));
    scroller.replaceChildren(table({ attacks: model.data.runs[one.run].attacks, index: one.index }));
  }

  model.on("highlight", () => {
    const one = audited.find(({ row }) => row && row.id === model.selected);
    if (one && audited.indexOf(one) !== Number(choose.value)) show(one);
  });
  show(audited[0]);
}
