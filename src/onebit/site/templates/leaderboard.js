// The leaderboard lacks nothing but comfort without this script: filters that a link keeps, a count, dots that lead
// to their rows, and two models compared.
{
  const inputs = [...document.querySelectorAll(".filters input")];
  const names = [...new Set(inputs.map((input) => input.name))];
  const chosen = (name) => inputs.filter((input) => input.name === name && input.checked).map((input) => input.value);
  const usual = new Map(names.map((name) => [name, chosen(name).join(",")]));
  const rows = [...document.querySelectorAll("tr[data-level]")];
  const count = document.getElementById("count");

  const shown = () => {
    const visible = rows.filter((row) => row.offsetParent !== null).length;
    count.textContent = `${visible} of ${rows.length} results are shown.`;
    document.getElementById("said").textContent = count.textContent;
  };
  const remember = () => {
    const parts = names
      .filter((name) => chosen(name).join(",") !== usual.get(name))
      .map((name) => `${name}=${chosen(name).map(encodeURIComponent).join(",")}`);
    history.replaceState(null, "", parts.length ? `#${parts.join("&")}` : location.pathname.replace(/.*\//, "") || ".");
    shown();
  };
  const obey = () => {
    const fragment = location.hash.slice(1);
    if (!fragment.includes("=")) {
      shown();
      return;
    }
    const wanted = new Map(fragment.split("&").map((part) => [part.split("=")[0], part.split("=")[1] ?? ""]));
    for (const name of names) {
      const text = wanted.has(name) ? wanted.get(name) : usual.get(name);
      const values = text.split(",").map((value) => { try { return decodeURIComponent(value); } catch { return value; } });
      const own = inputs.filter((input) => input.name === name);
      if (own[0].type === "radio" && !own.some((input) => values.includes(input.value))) continue;
      for (const input of own) input.checked = values.includes(input.value);
    }
    shown();
    const section = document.querySelector(`.dataset[data-dataset="${CSS.escape(chosen("dataset")[0] ?? "")}"]`);
    section?.scrollIntoView();
  };
  for (const input of inputs) input.addEventListener("change", remember);
  addEventListener("hashchange", obey);
  count.hidden = false;
  obey();

  for (const mark of document.querySelectorAll(".mark[data-row]")) {
    mark.addEventListener("click", () => { location.hash = mark.dataset.row; });
  }

  // Two models on the same images.
  const comparisons = JSON.parse(document.getElementById("comparisons").textContent);
  const element = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    made.append(text ?? "");
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const drawn = (data, row) => {
    const [height, width] = data.shape;
    const canvas = element("canvas", "", { width, height, role: "img", "aria-label": `Image ${row} of ${data.split}` });
    const bits = Uint8Array.from(atob(data.images[row]), (letter) => letter.charCodeAt(0));
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(width, height);
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    for (let place = 0; place < width * height; place += 1) {
      const ink = (bits[place >> 3] >> (7 - (place & 7))) & 1;
      pixels.data.fill(ink === (dark ? 1 : 0) ? 255 : 0, 4 * place, 4 * place + 3);
      pixels.data[4 * place + 3] = ink ? 255 : 0;
    }
    context.putImageData(pixels, 0, 0);
    return canvas;
  };
  const link = (data, fragment, content) => {
    const href = `${data.explorer}#dataset=${encodeURIComponent(data.name)}&${fragment}`;
    const made = element("a", "", { href });
    made.append(content);
    return made;
  };
  const digits = (data, words, shown, listed) => {
    const box = element("div");
    const list = element("ul");
    for (const [row, difference] of shown) {
      const item = element("li");
      const picture = data.images[row] ? drawn(data, row) : `${row}`;
      item.append(data.explorer ? link(data, `tab=ITEM&item=${data.split}/${row}`, picture) : picture);
      item.append(...(data.images[row] ? [`${row}`] : []), element("br"), difference.toFixed(1));
      list.append(item);
    }
    box.append(element("p", words, { class: "quiet" }), list);
    if (data.explorer && listed.length) {
      const rows = listed.map((row) => `${data.split}/${row}`).join(";");
      const text = `Open ${listed.length === 1 ? "it" : `${listed.length} of them`} in the explorer`;
      const more = element("p", "");
      more.append(link(data, `tab=STATS&filter=rows:${rows}`, text));
      box.append(more);
    }
    return box;
  };
  const svg = (tag, attributes, text = "") => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(text);
    return made;
  };
  const interval = (mean, low, high) => {
    const reach = Math.max(Math.abs(low), Math.abs(high)) * 1.15 || 1;
    const x = (value) => 240 + (220 * value) / reach;
    const box = svg("svg", { viewBox: "0 0 480 46", "aria-hidden": "true" });
    box.append(
      svg("line", { x1: 10, x2: 470, y1: 16, y2: 16, class: "grid" }),
      svg("line", { x1: 240, x2: 240, y1: 4, y2: 28, class: "axis-line" }),
      svg("text", { x: 240, y: 43, "text-anchor": "middle" }, "0"),
    );
    const mark = svg("g", { class: "mark exact certified" });
    mark.append(
      svg("line", { x1: x(low), x2: Math.max(x(high), x(low) + 1), y1: 16, y2: 16, "stroke-width": 7 }),
      svg("circle", { cx: x(mean), cy: 16, r: 5 }),
    );
    box.append(mark);
    return box;
  };
  const compare = (data, first, second) => {
    const [low, high] = first < second ? [first, second] : [second, first];
    const sign = first < second ? 1 : -1;
    const [lowMean, error, images, listed] = data.pairs[(high * (high - 1)) / 2 + low];
    const mean = sign * lowMean;
    const ends = [mean - 1.959964 * error, mean + 1.959964 * error];
    const [one, other] = [data.models[first], data.models[second]];
    const better = ends[0] > 0 ? other : ends[1] < 0 ? one : null;
    // A bound or an estimate below another number shows less than an exact value would.
    const verb = data.kinds[first] === "exact" && data.kinds[second] === "exact" ? "is better" : "has the lower number";
    const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(3);
    const found = document.createDocumentFragment();
    found.append(
      element("p", `${signed(mean)} ± ${error.toFixed(3)} nats`, { class: "difference" }),
      interval(mean, ...ends),
      element("p", `${one} minus ${other} over ${data.n.toLocaleString("en")} images; 95 % interval ` +
        `[${signed(ends[0])}, ${signed(ends[1])}]. ${better ? `${better} ${verb}.` : "They cannot be told apart."}`),
    );
    for (const model of [first, second]) {
      if (data.kinds[model] === "upper bound") found.append(element("p", `${data.models[model]} is an upper bound: its true number is lower, or the same.`, { class: "quiet" }));
      else if (data.kinds[model] !== "exact") found.append(element("p", `${data.models[model]} is an estimate; the error of its constant is not in the interval.`, { class: "quiet" }));
    }
    const half = images.length / 2;
    const sides = [images.slice(0, half), images.slice(half)].map((side) => side.map(([row, value]) => [row, sign * value]));
    const [forFirst, forSecond] = sign > 0 ? sides : [sides[1], sides[0]];
    const [listFirst, listSecond] = sign > 0 ? listed : [listed[1], listed[0]];
    const box = element("div", "", { class: "digits" });
    box.append(
      digits(data, `Where ${one} is better most: image, nats`, forFirst, listFirst),
      digits(data, `Where ${other} is better most: image, nats`, forSecond, listSecond),
    );
    found.append(box);
    if (data.explorer) {
      const axes = `x=${data.columns[first]}&y=${data.columns[second]}`;
      const all = element("p", "");
      all.append(link(data, `tab=STATS&filter=split:${data.split}&layout=scatter&${axes}`, "All images by the nats of both, in the explorer"));
      found.append(all);
    }
    return found;
  };
  for (const section of document.querySelectorAll(".compare")) {
    const name = section.dataset.dataset;
    const data = comparisons[name] && { ...comparisons[name], name };
    const tool = section.querySelector(".compare-tool");
    if (!data) continue;
    const output = element("output", "", { "aria-live": "polite" });
    const choice = element("div", "", { class: "choice" });
    const selects = ["First model", "Second model"].map((words, number) => {
      const select = element("select", "", { name: `${name}-${number}` });
      data.models.forEach((model, index) => select.append(element("option", model, { value: index })));
      select.selectedIndex = number;
      const label = element("label", words);
      label.append(select);
      choice.append(label);
      return select;
    });
    const update = () => {
      const [first, second] = selects.map((select) => select.selectedIndex);
      output.replaceChildren(first === second ? element("p", "Choose two different models.") : compare(data, first, second));
    };
    for (const select of selects) select.addEventListener("change", update);
    tool.append(choice, output);
    tool.hidden = false;
    update();
  }
}
