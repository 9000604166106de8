/**
 * How the built-in map looks: one list of layers, two sets of colours. It names no fonts server
 * and no pictures: labels are drawn with the desk's own fonts.
 */

/** @typedef {"dark" | "light"} Theme */

const COLOURS = {
  dark: {
    ground: "#12191f", green: "#16241d", water: "#12293a", building: "#1a232b",
    path: "#25313a", service: "#243039", street: "#2c3943", middle: "#394954", major: "#4a5a63",
    label: "#9fb0bb", halo: "#12191f",
    zone: "#e8618c", buffer: "#e8618c", wearer: "#ff9d4d", protected: "#63b8ff", ink: "#f3f7f9",
  },
  light: {
    ground: "#f1f0ea", green: "#dbe8d3", water: "#c5dcea", building: "#e4e1d7",
    path: "#dcd8cc", service: "#ffffff", street: "#ffffff", middle: "#ffffff", major: "#f8dfa8",
    label: "#4d5658", halo: "#f7f6f2",
    zone: "#a8144e", buffer: "#a8144e", wearer: "#b45309", protected: "#0b5cad", ink: "#17201e",
  },
};

/** @param {Theme} theme */
export const coloursOf = (theme) => COLOURS[theme];

const ROADS = /** @type {[string, number, number, number][]} */ ([
  // class, first zoom, width at zoom 12, width at zoom 17
  ["path", 14.5, 0.4, 1.5],
  ["service", 14, 0.4, 3],
  ["street", 12, 0.6, 8],
  ["middle", 10, 1.2, 11],
  ["major", 8, 2, 15],
]);

/** @param {Theme} theme @returns {any} */
export function styleOf(theme) {
  const colours = COLOURS[theme];
  const empty = { type: "geojson", data: { type: "FeatureCollection", features: [] } };
  return {
    version: 8,
    sources: {
      london: {
        type: "geojson",
        data: "/static/map/london.geojson",
        attribution: '<a href="https://www.openstreetmap.org/copyright" target="_blank" rel="noreferrer">© OpenStreetMap contributors</a>',
      },
      zones: empty, accuracy: empty, people: empty,
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": colours.ground } },
      ...areaLayers(colours),
      ...ROADS.map((road) => roadLayer(road, colours)),
      ...labelLayers(colours),
      ...zoneLayers(colours),
      ...peopleLayers(colours),
    ],
  };
}

/** @param {any} colours */
function areaLayers(colours) {
  return ["green", "water", "building"].map((kind) => ({
    id: kind, type: "fill", source: "london", filter: ["==", ["get", "class"], kind],
    minzoom: kind === "building" ? 14 : 0,
    paint: { "fill-color": colours[kind] },
  }));
}

/** @param {[string, number, number, number]} road @param {any} colours */
function roadLayer([kind, minzoom, narrow, wide], colours) {
  return {
    id: `road-${kind}`, type: "line", source: "london", minzoom,
    filter: ["==", ["get", "class"], kind],
    layout: { "line-cap": "round", "line-join": "round" },
    paint: {
      "line-color": colours[kind],
      "line-width": ["interpolate", ["exponential", 1.5], ["zoom"], 12, narrow, 17, wide],
    },
  };
}

/** @param {any} colours */
function labelLayers(colours) {
  /** @param {string} id @param {number} minzoom @param {string[]} kinds */
  const names = (id, minzoom, kinds) => ({
    id, type: "symbol", source: "london", minzoom,
    filter: ["all", ["has", "name"], ["in", ["get", "class"], ["literal", kinds]]],
    layout: {
      "symbol-placement": "line", "text-field": ["get", "name"], "symbol-spacing": 320,
      "text-size": ["interpolate", ["linear"], ["zoom"], 13, 10, 17, 13], "text-max-angle": 30,
    },
    paint: { "text-color": colours.label, "text-halo-color": colours.halo, "text-halo-width": 1.4 },
  });
  return [names("name-large", 12.5, ["major", "middle"]), names("name-street", 14.5, ["street"])];
}

/** @param {any} colours */
function zoneLayers(colours) {
  /** @param {string} role @param {number[]} dashes @param {number} width */
  const line = (role, dashes, width) => ({
    id: `${role}-line`, type: "line", source: "zones", filter: ["==", ["get", "role"], role],
    paint: { "line-color": colours[role], "line-width": width, "line-dasharray": dashes },
  });
  return [
    { id: "zone-fill", type: "fill", source: "zones", filter: ["==", ["get", "role"], "zone"], paint: { "fill-color": colours.zone, "fill-opacity": 0.09 } },
    line("buffer", [0.4, 2.2], 1.6),
    line("zone", [4, 2.5], 2),
  ];
}

/** @param {any} colours */
function peopleLayers(colours) {
  const colour = ["match", ["get", "role"], "protected", colours.protected, colours.wearer];
  return [
    { id: "accuracy-fill", type: "fill", source: "accuracy", paint: { "fill-color": colour, "fill-opacity": ["*", 0.16, ["get", "strength"]] } },
    { id: "accuracy-line", type: "line", source: "accuracy", paint: { "line-color": colour, "line-width": 1.2, "line-opacity": ["get", "strength"] } },
    {
      id: "people", type: "symbol", source: "people",
      layout: {
        "icon-image": ["get", "icon"], "icon-allow-overlap": true, "icon-ignore-placement": true,
        "text-field": ["get", "label"], "text-size": 12.5, "text-optional": true,
        "text-variable-anchor-offset": ["top", [0, 1.1], "bottom", [0, -1.1], "left", [1.1, 0], "right", [-1.1, 0]],
        "text-justify": "auto", "text-max-width": 9,
      },
      paint: {
        "icon-opacity": ["get", "strength"],
        "text-color": colours.ink, "text-halo-color": colours.halo, "text-halo-width": 1.8,
      },
    },
  ];
}
