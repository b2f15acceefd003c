"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const films = [...document.querySelectorAll("video.film")];
  const events = data.events.map(([id, onset_s, peak_s, site, amplitude_px]) =>
    ({ id, onset_s, peak_s, site, where: data.sites[site], amplitude: `${amplitude_px.toFixed(2)} px` }));
  const indexOf = new Map(events.map((event, index) => [event.id, index]));
  const FRAME_S = data.frame_s;
  const speeds = [1, 0.5, 0.25, 0.1];
  let film = films[0] || null, chosen = -1, speed = 0, until_s = null, rest_s = null;

  const say = (words) => { for (const id of ["now", "now-review"]) $(id).textContent = words; };
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  // A browser may refuse to play, or be stopped before it has begun: neither is an error of this page.
  const start = () => { film.play().catch(() => {}); };
  const halt = () => { until_s = rest_s = null; if (film) film.pause(); };
  const lifeOf = (v) => v.currentTime / data.slowdown;
  // A frame is shown from its own time on: a little later is still that frame, a little earlier the one before.
  const seek = (life_s) => {
    if (!film) return;
    const most = Math.max(0, (film.duration || data.duration_s * data.slowdown) - 0.001);
    film.currentTime = Math.min(most, Math.max(0, life_s * data.slowdown + 0.001));
    mark(life_s);
  };

  const REACH_PX = 12;  // a twitch is a few pixels wide: a click beside it is meant for it
  const headOf = (svg) => {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    line.setAttribute("class", "playhead");
    line.setAttribute("y1", "0"); line.setAttribute("y2", "100%");
    svg.appendChild(line);
    return line;
  };
  const heads = [...document.querySelectorAll("svg.timed")].map(headOf);
  let traceHeads = [];
  const nearest = (svg, across_px) => {
    let best = null, least = REACH_PX;
    for (const group of svg.querySelectorAll("g[data-event]")) {
      const box = group.getBoundingClientRect();
      const away = Math.max(box.left - across_px, across_px - box.right, 0);
      if (away < least) { least = away; best = group; }
    }
    return best;
  };
  document.addEventListener("click", (click) => {
    const dot = click.target.closest("svg.map [data-event]");
    if (dot) { visit(indexOf.get(Number(dot.dataset.event)) ?? -1); return; }
    const svg = click.target.closest("svg.timed");
    if (!svg) return;
    const group = click.target.closest("[data-event]") || nearest(svg, click.clientX);
    if (group) { visit(indexOf.get(Number(group.dataset.event)) ?? -1); return; }
    const box = svg.getBoundingClientRect();
    if (until_s !== null) halt();
    seek((click.clientX - box.left) / box.width * data.duration_s);
  });
  const mark = (life_s) => {
    const across = (100 * Math.min(1, Math.max(0, life_s / data.duration_s))).toFixed(3) + "%";
    for (const line of [...heads, ...traceHeads]) { line.setAttribute("x1", across); line.setAttribute("x2", across); }
    $("clock").textContent = life_s.toFixed(2) + " s";
  };
  const follow = () => {
    if (!film) return;
    const life_s = lifeOf(film);
    mark(life_s);
    if (until_s !== null && (life_s >= until_s || film.ended)) {
      const back_s = rest_s;
      halt();
      if (back_s !== null) seek(back_s);
    }
    if (!film.paused) requestAnimationFrame(follow);
  };

  function choose(index) {
    if (index < 0 || index >= events.length) return;
    chosen = index;
    const event = events[index];
    if (until_s !== null) halt();
    seek(event.onset_s);
    for (const old of document.querySelectorAll("[data-event].chosen")) old.classList.remove("chosen");
    for (const own of document.querySelectorAll(`[data-event="${event.id}"]`)) own.classList.add("chosen");
    showTrace(event.site);
    const verdict = review.get(event.id);
    say(`Twitch ${event.id} of ${events.length}: ${event.where}, ${event.onset_s.toFixed(2)} s, ${event.amplitude}` +
        (verdict ? `, ${verdict.verdict}` : ""));
    $("remark").value = drafts.get(event.id) || "";
    $("remark-on").textContent = `Remark on twitch ${event.id}: ${event.where}, ${event.onset_s.toFixed(2)} s`;
    $("remark").readOnly = false; $("remark").placeholder = "";
  }
  // A click shows the twitch itself: its two seconds once, then it rests on the onset.
  function visit(index) {
    choose(index);
    if (film && chosen === index && index >= 0 && !calm.matches) playAround(events[index].onset_s);
  }
  let traced = null;
  function showTrace(site) {
    if (!film || site === traced) return;
    const source = document.querySelector(`figure[data-site="${site}"]`);
    $("site-trace").replaceChildren();
    traced = site; traceHeads = [];
    if (!source) {
      const words = document.createElement("p");
      words.className = "soft"; words.textContent = `The trace of site ${site} is not drawn here: only the busiest places are.`;
      $("site-trace").appendChild(words);
      return;
    }
    const copy = source.cloneNode(true);
    copy.removeAttribute("data-site");
    for (const line of copy.querySelectorAll(".playhead")) line.remove();
    $("site-trace").appendChild(copy);
    traceHeads = [...copy.querySelectorAll("svg.timed")].map(headOf);
    if (film) mark(lifeOf(film));
  }
  const beside = (step) => {
    if (chosen >= 0) { choose(Math.min(events.length - 1, Math.max(0, chosen + step))); return; }
    const now = film ? lifeOf(film) : 0;
    const next = events.findIndex((e) => e.onset_s >= now);
    choose(step > 0 ? Math.max(0, next) : next < 0 ? events.length - 1 : Math.max(0, next - 1));
  };
  const play = () => {
    if (!film) return;
    const was_paused = film.paused;
    halt();
    if (was_paused) start();
  };
  const playAround = (back_s = null) => {
    if (!film || chosen < 0) return;
    const peak_s = events[chosen].peak_s;
    seek(Math.max(0, peak_s - 1));
    until_s = Math.min(peak_s + 1, data.duration_s - 1.5 * FRAME_S);
    rest_s = back_s;
    start();
  };
  const pace = (step) => {
    speed = Math.min(speeds.length - 1, Math.max(0, speed + step));
    for (const v of films) v.playbackRate = speeds[speed];
    if ($("speed")) $("speed").textContent = speeds[speed] === 1 ? "full speed" : `${speeds[speed]} × speed`;
  };
  const step = (frames) => { if (film) { halt(); seek(lifeOf(film) + frames * FRAME_S); } };
  const swap = (name) => {
    const next = films.find((v) => v.dataset.film === name);
    if (!next || next === film) return;
    const at = film.currentTime, plays = !film.paused;
    film.pause(); film.hidden = true; next.hidden = false; next.preload = "auto"; next.currentTime = at; next.playbackRate = speeds[speed];
    film = next;
    if (plays) start();
  };

  // The review: never changes the result, only says what a person thinks of it.
  const review = new Map(), drafts = new Map(), added = [];
  let unsaved = false;
  const show = (event, verdict) => {
    for (const own of document.querySelectorAll(`[data-event="${event}"]`)) {
      own.classList.toggle("accepted", verdict === "accepted");
      own.classList.toggle("rejected", verdict === "rejected");
    }
    const cell = document.querySelector(`[data-verdict="${event}"]`);
    if (cell) cell.textContent = verdict || "";
  };
  const judge = (verdict) => {
    if (chosen < 0) { say("Choose a twitch first."); return; }
    const event = events[chosen];
    review.set(event.id, { event: event.id, verdict: verdict });
    show(event.id, verdict);
    tell(`Twitch ${event.id} ${verdict}.`);
  };
  const undo = () => {
    if (chosen >= 0 && review.delete(events[chosen].id)) {
      show(events[chosen].id, null);
      tell(`Twitch ${events[chosen].id} no longer judged.`);
    } else say("Nothing to take back: choose a twitch that was accepted or rejected.");
  };
  const count = () => {
    const all = [...review.values()];
    const remarked = [...drafts.keys()].filter((id) => !review.has(id)).length;
    const of = (verdict) => all.filter((one) => one.verdict === verdict).length;
    $("review-count").textContent =
      `${of("accepted")} accepted, ${of("rejected")} rejected, ${added.length} added, ` +
      `${events.length - all.length} not yet judged${remarked ? ` (${remarked} remarked upon)` : ""}${unsaved ? "; not saved yet" : ""}`;
  };
  const tell = (words) => { unsaved = true; say(words); count(); };
  const listAdded = () => {
    const list = $("added");
    if (!list) return;
    drawAdded();
    list.replaceChildren(...added.map((one) => {
      const item = document.createElement("li"), button = document.createElement("button");
      item.textContent = `Added at ${one.onset_s.toFixed(2)} s, ${placeOf(one)} `;
      button.type = "button"; button.textContent = "Take back";
      button.addEventListener("click", () => {
        added.splice(added.indexOf(one), 1); listAdded(); tell("Addition taken back.");
      });
      item.appendChild(button);
      return item;
    }));
  };
  const placeOf = (one) => one.site ? `site ${one.site} (${data.sites[one.site]})` :
    (data.regions.find(([name, side]) => name === one.region && side === one.side) || ["", "", one.region])[2];
  const regionOf = (one) => one.site ? data.region_of_site[one.site] :
    data.regions.findIndex(([name, side]) => name === one.region && side === one.side);
  const drawAdded = () => {
    for (const old of document.querySelectorAll(".timeline g.added")) old.remove();
    for (const one of added) {
      const svg = document.querySelector(`.lane[data-region="${regionOf(one)}"] svg.timed`);
      if (!svg) continue;
      const group = document.createElementNS("http://www.w3.org/2000/svg", "g"), line = group.appendChild(headOf(svg));
      const across = (100 * one.onset_s / data.duration_s).toFixed(3) + "%";
      group.setAttribute("class", "added"); line.setAttribute("class", "event");
      line.setAttribute("x1", across); line.setAttribute("x2", across);
      const title = group.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "title"));
      title.textContent = `Added at ${one.onset_s.toFixed(2)} s`;
      svg.appendChild(group);
    }
  };
  const timeToAdd = () => {
    if (film) return lifeOf(film);
    const words = $("add-time").value.trim().replace(",", ".");
    return words === "" ? null : Number(words);
  };
  const add = () => {
    const time_s = timeToAdd(), [kind, number] = $("add-place").value.split(":");
    if (time_s === null || !(time_s >= 0 && time_s <= data.duration_s)) {
      say(`Write the onset first: seconds from 0 to ${data.duration_s.toFixed(1)}.`);
      return;
    }
    const onset_s = Number(time_s.toFixed(4));
    const [region, side] = kind === "region" ? data.regions[Number(number)] : [null, null];
    const one = { onset_s, site: kind === "site" ? Number(number) : null, region, side, remark: $("add-remark").value };
    if (added.some((other) => placeOf(other) === placeOf(one) && Math.abs(other.onset_s - onset_s) < 0.5 * FRAME_S)) {
      say("A twitch was already added there, at this time.");
      return;
    }
    added.push(one);
    $("add-remark").value = "";
    listAdded();
    tell(`Twitch added at ${onset_s.toFixed(2)} s, ${placeOf(one)}.`);
  };
  const restore = () => {
    if (!data.review) return;
    for (const one of data.review.decisions) {
      if (one.verdict) { review.set(one.event, one); show(one.event, one.verdict); }
      if (one.remark) drafts.set(one.event, one.remark);
    }
    added.push(...data.review.added);
    $("reviewer").value = data.review.reviewer; $("general").value = data.review.remark;
    listAdded(); count();
  };
  const decisions = () => [...new Set([...review.keys(), ...drafts.keys()])].sort((a, b) => a - b).map((event) =>
    ({ event, verdict: review.get(event)?.verdict ?? null, remark: drafts.get(event) || "" }));
  const saved = () => ({
    format: "twitchscope-review", version: 1, result_sha256: data.result_sha256,
    reviewer: $("reviewer").value.trim(), reviewed_at: new Date().toISOString(), remark: $("general").value,
    decisions: decisions(), added: added,
  });
  const save = () => {
    if (!$("reviewer").value.trim()) { say("Write who reviews first."); $("reviewer").focus(); return; }
    const url = URL.createObjectURL(new Blob([JSON.stringify(saved(), null, 2)], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url; link.download = "review.json";
    document.body.appendChild(link); link.click(); link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
    unsaved = false; count();
    say("Saved as review.json.");
  };

  const acts = {
    previous: () => beside(-1), next: () => beside(1), play: play, around: () => playAround(),
    slower: () => pace(1), faster: () => pace(-1), back: () => step(-1), forth: () => step(1),
    accept: () => judge("accepted"), reject: () => judge("rejected"), undo: undo, add: add, save: save,
  };
  const keys = { p: "previous", n: "next", " ": "play", r: "around", s: "slower", f: "faster", ",": "back", ".": "forth",
                 a: "accept", x: "reject", u: "undo", i: "add" };
  const judging = new Set(["accept", "reject", "undo", "add"]);  // a key that is held down judges once
  for (const button of document.querySelectorAll("[data-act]")) {
    button.addEventListener("click", () => acts[button.dataset.act]());
  }
  for (const button of document.querySelectorAll("button[data-event]")) {
    button.addEventListener("click", () => {
      (film || button).scrollIntoView({ block: "nearest" });
      visit(indexOf.get(Number(button.dataset.event)) ?? -1);
    });
  }
  if ($("remark")) $("remark").addEventListener("input", () => {
    const words = $("remark").value;
    if (words) drafts.set(events[chosen].id, words); else drafts.delete(events[chosen].id);
    unsaved = true; count();
  });
  $("general").addEventListener("input", () => { unsaved = true; count(); });
  addEventListener("beforeunload", (leave) => { if (unsaved) leave.preventDefault(); });
  const heat = $("heat-shown");
  if (heat) heat.addEventListener("change", () => {
    for (const layer of document.querySelectorAll(".heat")) layer.style.display = heat.checked ? "" : "none";
  });
  for (const box of document.querySelectorAll("input[data-shows]")) {
    box.addEventListener("change", () => {
      document.querySelector(`.lane[data-kind="${box.dataset.shows}"]`).hidden = !box.checked;
    });
  }
  for (const radio of document.querySelectorAll("input[name=film]")) {
    radio.addEventListener("change", () => swap(radio.value));
  }
  document.addEventListener("keydown", (key) => {
    if (key.ctrlKey || key.metaKey || key.altKey) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(key.target.tagName) && key.target.type !== "radio") return;
    if (key.key === " " && /^(BUTTON|SUMMARY|A|VIDEO)$/.test(key.target.tagName)) return;
    const act = keys[key.key.toLowerCase()];
    if (!act) return;
    if (key.repeat && judging.has(act)) return;
    key.preventDefault();
    acts[act]();
  });
  // Its own bar would lie over the strip of the film; without this script it stays.
  for (const v of films) { v.controls = false; v.addEventListener("click", play); }
  for (const v of films) { v.addEventListener("play", follow); v.addEventListener("seeked", follow); }
  for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;
  restore();
  // With a film the trace stands under it; a single one need not stand there twice.
  const traces = document.querySelectorAll(".all-traces figure");
  if (film && events.length) {
    showTrace(events[0].site);
    if (traces.length === 1) document.querySelector(".all-traces").classList.add("is-above");
    mark(0);
  }
})();
