"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const films = [...document.querySelectorAll("video.film")];
  const events = data.events;
  const FRAME_S = data.frame_s;
  const speeds = [1, 0.5, 0.25, 0.1];
  let film = films[0] || null, chosen = -1, speed = 0, until_s = null;

  const say = (words) => { $("now").textContent = words; };
  const lifeOf = (v) => v.currentTime / data.slowdown;
  // A frame is shown from its own time on: a little later is still that frame, a little earlier the one before.
  const seek = (life_s) => {
    if (!film) return;
    const most = Math.max(0, (film.duration || data.duration_s * data.slowdown) - 0.001);
    film.currentTime = Math.min(most, Math.max(0, life_s * data.slowdown + 0.001));
    mark(life_s);
  };

  const heads = [...document.querySelectorAll("svg.timed")].map((svg) => {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    line.setAttribute("class", "playhead");
    line.setAttribute("y1", "0"); line.setAttribute("y2", "100%");
    svg.appendChild(line);
    svg.addEventListener("click", (click) => {
      const group = click.target.closest("[data-event]");
      if (group) { choose(events.findIndex((e) => e.id === Number(group.dataset.event))); return; }
      const box = svg.getBoundingClientRect();
      seek((click.clientX - box.left) / box.width * data.duration_s);
    });
    return line;
  });
  const mark = (life_s) => {
    const across = (100 * Math.min(1, Math.max(0, life_s / data.duration_s))).toFixed(3) + "%";
    for (const line of heads) { line.setAttribute("x1", across); line.setAttribute("x2", across); }
    $("clock").textContent = life_s.toFixed(2) + " s";
  };
  const follow = () => {
    if (!film) return;
    const life_s = lifeOf(film);
    mark(life_s);
    if (until_s !== null && life_s >= until_s) { film.pause(); until_s = null; }
    if (!film.paused) requestAnimationFrame(follow);
  };

  function choose(index) {
    if (index < 0 || index >= events.length) return;
    chosen = index;
    const event = events[index];
    until_s = null;
    seek(event.onset_s);
    for (const old of document.querySelectorAll(".chosen")) old.classList.remove("chosen");
    for (const own of document.querySelectorAll(`[data-event="${event.id}"]`)) own.classList.add("chosen");
    showTrace(event.site);
    const verdict = review.get(event.id);
    say(`Twitch ${event.id} of ${events.length}: ${event.where}, ${event.onset_s.toFixed(2)} s, ${event.amplitude}` +
        (verdict ? `, ${verdict.verdict}` : ""));
    $("remark").value = verdict ? verdict.remark : "";
  }
  function showTrace(site) {
    const source = document.querySelector(`figure[data-site="${site}"]`);
    const place = $("site-trace");
    place.replaceChildren();
    if (!source) return;
    const copy = source.cloneNode(true);
    copy.removeAttribute("data-site");
    place.appendChild(copy);
    for (const svg of copy.querySelectorAll("svg.timed")) {
      const line = svg.querySelector(".playhead");
      if (line) heads.push(line);
    }
  }
  const beside = (step) => {
    if (chosen >= 0) { choose(Math.min(events.length - 1, Math.max(0, chosen + step))); return; }
    const now = film ? lifeOf(film) : 0;
    const next = events.findIndex((e) => e.onset_s >= now);
    choose(step > 0 ? Math.max(0, next) : next < 0 ? events.length - 1 : Math.max(0, next - 1));
  };
  const play = () => {
    if (!film) return;
    until_s = null;
    if (film.paused) film.play(); else film.pause();
  };
  const playAround = () => {
    if (!film || chosen < 0) return;
    const peak_s = events[chosen].peak_s;
    seek(Math.max(0, peak_s - 1));
    until_s = peak_s + 1;
    film.play();
  };
  const pace = (step) => {
    speed = Math.min(speeds.length - 1, Math.max(0, speed + step));
    for (const v of films) v.playbackRate = speeds[speed];
    $("speed").textContent = speeds[speed] === 1 ? "full speed" : `${speeds[speed]} × speed`;
  };
  const step = (frames) => { if (film) { film.pause(); seek(lifeOf(film) + frames * FRAME_S); } };
  const swap = (name) => {
    const next = films.find((v) => v.dataset.film === name);
    if (!next || next === film) return;
    const at = film.currentTime, plays = !film.paused;
    film.pause(); film.hidden = true; next.hidden = false; next.currentTime = at; next.playbackRate = speeds[speed];
    film = next;
    if (plays) film.play();
  };

  // The review: never changes the result, only says what a person thinks of it.
  const review = new Map(), added = [];
  const judge = (verdict) => {
    if (chosen < 0) { say("Choose a twitch first."); return; }
    const event = events[chosen];
    review.set(event.id, { event: event.id, verdict: verdict, remark: $("remark").value });
    for (const own of document.querySelectorAll(`[data-event="${event.id}"]`)) {
      own.classList.toggle("accepted", verdict === "accepted");
      own.classList.toggle("rejected", verdict === "rejected");
    }
    const cell = document.querySelector(`[data-verdict="${event.id}"]`);
    if (cell) cell.textContent = verdict;
    tell(`Twitch ${event.id} ${verdict}.`);
  };
  const tell = (words) => {
    say(words);
    const all = [...review.values()];
    const count = (verdict) => all.filter((one) => one.verdict === verdict).length;
    $("review-count").textContent =
      `${count("accepted")} accepted, ${count("rejected")} rejected, ${added.length} added, ` +
      `${events.length - all.length} not yet judged`;
  };
  const add = () => {
    const onset_s = film ? lifeOf(film) : 0;
    added.push({ onset_s: Number(onset_s.toFixed(4)), site: Number($("add-site").value), remark: $("remark").value });
    tell(`Twitch added at ${onset_s.toFixed(2)} s.`);
  };
  const saved = () => ({
    format: "twitchscope-review", version: 1, result_sha256: data.result_sha256,
    reviewer: $("reviewer").value.trim(), reviewed_at: new Date().toISOString(), remark: $("general").value,
    decisions: [...review.values()], added: added,
  });
  const save = () => {
    if (!$("reviewer").value.trim()) { say("Write who reviews first."); $("reviewer").focus(); return; }
    const url = URL.createObjectURL(new Blob([JSON.stringify(saved(), null, 2)], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url; link.download = "review.json";
    document.body.appendChild(link); link.click(); link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
    say("Saved as review.json.");
  };

  const acts = {
    previous: () => beside(-1), next: () => beside(1), play: play, around: playAround,
    slower: () => pace(1), faster: () => pace(-1), back: () => step(-1), forth: () => step(1),
    accept: () => judge("accepted"), reject: () => judge("rejected"), add: add, save: save,
  };
  const keys = { p: "previous", n: "next", " ": "play", r: "around", s: "slower", f: "faster", ",": "back", ".": "forth",
                 a: "accept", x: "reject", i: "add" };
  for (const button of document.querySelectorAll("[data-act]")) {
    button.addEventListener("click", () => acts[button.dataset.act]());
  }
  for (const button of document.querySelectorAll("button[data-event]")) {
    button.addEventListener("click", () => {
      choose(events.findIndex((e) => e.id === Number(button.dataset.event)));
      (film || button).scrollIntoView({ block: "nearest" });
    });
  }
  for (const radio of document.querySelectorAll("input[name=film]")) {
    radio.addEventListener("change", () => swap(radio.value));
  }
  document.addEventListener("keydown", (key) => {
    if (key.ctrlKey || key.metaKey || key.altKey) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(key.target.tagName) && key.target.type !== "radio") return;
    if (key.key === " " && /^(BUTTON|SUMMARY|A|VIDEO)$/.test(key.target.tagName)) return;
    const act = keys[key.key];
    if (!act) return;
    key.preventDefault();
    acts[act]();
  });
  // Its own bar would lie over the strip of the film; without this script it stays.
  for (const v of films) { v.controls = false; v.addEventListener("click", play); }
  for (const v of films) { v.addEventListener("play", follow); v.addEventListener("seeked", follow); }
  for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;
  mark(0);
})();
