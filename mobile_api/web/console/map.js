/**
 * The map. It draws what it is given and never moves by itself: only following, which somebody
 * switched on, or a button that was pressed, changes the view.
 */

import { circle, collection, feature } from "./geometry.js";
import { coloursOf, styleOf } from "./style.js";
import { age } from "./wording.js";
import { say } from "../parts/words.js";

/** @typedef {import("./style.js").Theme} Theme */
/** @typedef {import("./model.js").Position} Position */
/** @typedef {{position: Position, name: string, role: string, silent: boolean}} Dot */

const START = { center: /** @type {[number, number]} */ ([-0.1215, 51.6145]), zoom: 13.4 };
const FADE_FROM_MS = 60_000;
const FADE_TO_MS = 900_000;
const WORDS_FROM_MS = 120_000;
const HOLLOW_FROM_MS = 600_000;
const FAINTEST = 0.4;
const ICON_PX = 44;

/** Whether this computer can draw the map at all. */
export function canDraw() {
  try {
    const context = document.createElement("canvas").getContext("webgl2");
    // A browser allows few of these: give it back at once.
    context?.getExtension("WEBGL_lose_context")?.loseContext();
    return context !== null;
  } catch {
    return false;
  }
}

export class ConsoleMap {
  /**
   * @param {any} library MapLibre
   * @param {HTMLElement} container
   * @param {Theme} theme
   */
  constructor(library, container, theme) {
    this.library = library;
    this.theme = theme;
    /** @type {Dot[]} */
    this.dots = [];
    /** @type {object[]} */
    this.zones = [];
    this.map = new library.Map({
      container, style: styleOf(theme), ...START,
      minZoom: 8, maxZoom: 19, attributionControl: false, dragRotate: false, pitchWithRotate: false,
      locale: { "Map.Title": say("map.label") },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new library.AttributionControl({ compact: false }), "bottom-right");
    this.map.addControl(new library.NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new library.ScaleControl({ maxWidth: 120 }), "bottom-left");
    this.map.on("style.load", () => this.#furnish());
  }

  /** @param {Theme} theme */
  wear(theme) {
    if (theme === this.theme) return;
    this.theme = theme;
    this.map.setStyle(styleOf(theme), { diff: false });
  }

  /**
   * @param {Dot[]} dots @param {object[]} zones @param {number} now
   */
  show(dots, zones, now) {
    this.dots = dots;
    this.zones = zones;
    this.now = now;
    this.#fill();
  }

  /** Bring every dot and zone into view. Pressed, never by itself. */
  showAll() {
    const points = this.dots.map(({ position }) => [position.lon, position.lat]);
    if (points.length === 0) return this.map.easeTo(START);
    this.fit(points);
  }

  /** @param {number[][]} points lon, lat */
  fit(points) {
    const bounds = new this.library.LngLatBounds();
    for (const point of points) bounds.extend(/** @type {any} */ (point));
    this.map.fitBounds(bounds, { padding: 90, maxZoom: 16, duration: 500 });
  }

  /** @param {Position | undefined} position */
  follow(position) {
    if (position !== undefined) this.map.easeTo({ center: [position.lon, position.lat], duration: 400 });
  }

  /** @returns {number} dots that are outside the view */
  get outside() {
    const bounds = this.map.getBounds();
    return this.dots.filter(({ position }) => !bounds.contains([position.lon, position.lat])).length;
  }

  #furnish() {
    const colours = coloursOf(this.theme);
    for (const role of ["wearer", "protected"]) {
      for (const hollow of [false, true]) {
        this.map.addImage(iconName(role, hollow), icon(role, hollow, colours), { pixelRatio: 2 });
      }
    }
    this.#fill();
  }

  #fill() {
    const people = this.map.getSource("people");
    if (people === undefined) return;
    const now = this.now ?? 0;
    const looks = this.dots.map((dot) => ({ dot, ...lookOf(dot, now) }));
    people.setData(collection(looks.map(({ dot, strength, hollow, label }) =>
      feature({ type: "Point", coordinates: [dot.position.lon, dot.position.lat] },
        { role: dot.role, icon: iconName(dot.role, hollow), strength, label }))));
    this.map.getSource("accuracy").setData(collection(looks.filter(({ dot }) => dot.position.accuracy_m).map(({ dot, strength }) =>
      feature(circle(dot.position.lat, dot.position.lon, dot.position.accuracy_m ?? 0), { role: dot.role, strength }))));
    this.map.getSource("zones").setData(collection(this.zones));
  }
}

/**
 * A dot fades with its age, then says it in words, then becomes a hollow ring.
 * @param {Dot} dot @param {number} now
 */
function lookOf({ position, name, silent }, now) {
  const old = Math.max(0, now - Date.parse(position.fix.t));
  const gone = Math.min(1, Math.max(0, (old - FADE_FROM_MS) / (FADE_TO_MS - FADE_FROM_MS)));
  const words = old > WORDS_FROM_MS ? `${name}\n${say("map.old", { age: age(old) })}` : name;
  return { strength: 1 - gone * (1 - FAINTEST), hollow: silent || old > HOLLOW_FROM_MS, label: words };
}

/** @param {string} role @param {boolean} hollow */
const iconName = (role, hollow) => `${role === "protected" ? "protected" : "wearer"}-${hollow ? "hollow" : "full"}`;

/**
 * A diamond for a wearer, a disc for a protected person: shape says it, not only colour.
 * @param {string} role @param {boolean} hollow @param {any} colours
 */
function icon(role, hollow, colours) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = ICON_PX;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const middle = ICON_PX / 2;
  const path = new Path2D(role === "protected"
    ? `M${middle} 8a14 14 0 1 0 .01 0z`
    : `M${middle} 4L${ICON_PX - 4} ${middle}L${middle} ${ICON_PX - 4}L4 ${middle}z`);
  pen.lineJoin = "round";
  pen.lineWidth = 8;
  pen.strokeStyle = colours.halo;
  pen.stroke(path);
  pen.fillStyle = hollow ? "transparent" : colours[role];
  pen.fill(path);
  pen.lineWidth = hollow ? 5 : 2.5;
  pen.strokeStyle = hollow ? colours[role] : colours.ink;
  pen.stroke(path);
  return pen.getImageData(0, 0, ICON_PX, ICON_PX);
}
