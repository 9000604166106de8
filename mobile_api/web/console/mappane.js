/** The map's place on the page: the map where it can be drawn, a sentence and a list where not. */

import { html, useEffect, useRef, useState } from "../parts/html.js";
import { say } from "../parts/words.js";
import { ConsoleMap, canDraw } from "./map.js";
import { age, metres } from "./wording.js";

/** @typedef {import("./map.js").Dot} Dot */

/**
 * @param {{dots: Dot[], zones: object[], now: number, theme: import("./style.js").Theme, lost: boolean,
 *   following: import("./model.js").Position | undefined, follow: boolean, hidden: boolean,
 *   setFollow: (on: boolean) => void}} props
 */
export function MapPane({ dots, zones, now, theme, lost, following, follow, hidden, setFollow }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const map = useRef(/** @type {ConsoleMap | null} */ (null));
  const [failed, setFailed] = useState(() => !canDraw());
  const [outside, setOutside] = useState(0);

  useEffect(() => {
    if (failed) return;
    let gone = false;
    import("maplibre-gl")
      .then((library) => {
        if (gone || place.current === null) return;
        map.current = new ConsoleMap(library, place.current, theme);
        map.current.map.on("moveend", () => setOutside(map.current?.outside ?? 0));
        map.current.show(dots, zones, now);
      })
      .catch(() => setFailed(true));
    return () => {
      gone = true;
      map.current?.map.remove();
    };
  }, [failed]);

  useEffect(() => map.current?.wear(theme), [theme]);
  useEffect(() => {
    map.current?.show(dots, zones, now);
    setOutside(map.current?.outside ?? 0);
  });
  useEffect(() => {
    if (follow) map.current?.follow(following);
  }, [follow, following]);

  return html`<section class=${`map-pane ${lost ? "map-lost" : ""}`} aria-labelledby="map-heading">
    <h2 id="map-heading" class="sr-only">${say("map.heading")}</h2>
    ${failed
      ? html`<div class="map-failed"><p>${say("map.failed")}</p><${PositionList} dots=${dots} now=${now} /></div>`
      : html`<div class="map" ref=${place}></div>
        <div class="map-tools">
          <button type="button" class="act" aria-pressed=${String(follow)} disabled=${following === undefined && !follow}
            onClick=${() => setFollow(!follow)}>${say("map.follow")}<kbd>F</kbd></button>
          <button type="button" class="act" onClick=${() => map.current?.showAll()}>${outside > 0
            ? say("map.outside", { n: outside }) : say("map.show_all")}</button>
        </div>
        ${hidden && html`<p class="map-note">${say("map.hidden")}</p>`}`}
  </section>`;
}

/** @param {{dots: Dot[], now: number}} props */
function PositionList({ dots, now }) {
  if (dots.length === 0) return html`<p class="more">${say("map.no_positions")}</p>`;
  return html`<table class="positions">
    <caption class="sr-only">${say("map.heading")}</caption>
    <thead><tr><th scope="col">${say("map.who")}</th><th scope="col">${say("map.when")}</th><th scope="col">${say("map.accuracy")}</th></tr></thead>
    <tbody>${dots.map(({ position, name, silent }) => html`<tr>
      <th scope="row">${name}</th>
      <td>${age(now - Date.parse(position.fix.t))}${silent ? `, ${say("map.silent")}` : ""}</td>
      <td>${position.accuracy_m === null ? say("map.unknown") : `± ${metres(position.accuracy_m)}`}</td>
    </tr>`)}</tbody>
  </table>`;
}
