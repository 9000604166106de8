/** Shapes the map needs, as GeoJSON. Pure. Metres on the ground, good to a few per cent. */

const METRES_PER_DEGREE = 111_195;
const CORNERS = 64;

/**
 * @param {number} lat @param {number} lon @param {number} radius metres
 * @returns {{type: "Polygon", coordinates: number[][][]}}
 */
export function circle(lat, lon, radius) {
  const high = radius / METRES_PER_DEGREE;
  const wide = high / Math.max(0.01, Math.cos((lat * Math.PI) / 180));
  const ring = Array.from({ length: CORNERS + 1 }, (_, index) => {
    const turn = (2 * Math.PI * (index % CORNERS)) / CORNERS;
    return [lon + wide * Math.cos(turn), lat + high * Math.sin(turn)];
  });
  return { type: "Polygon", coordinates: [ring] };
}

/** @param {object} geometry @param {Record<string, unknown>} properties */
export function feature(geometry, properties = {}) {
  return { type: "Feature", properties, geometry };
}

/** @param {object[]} features */
export function collection(features) {
  return { type: "FeatureCollection", features };
}

/**
 * What an order draws: its zones, and the rings round her where her place is shown.
 * @param {any[]} conditions
 * @param {(person: string) => {lat: number, lon: number} | undefined} placeOf
 */
export function zonesOf(conditions, placeOf) {
  return conditions.flatMap((condition) => {
    if (condition.type === "proximity") return ringsOf(condition, placeOf(condition.protected_id));
    if (!condition.geometry) return [];
    const at = condition.geometry.coordinates;
    const point = condition.geometry.type === "Point";
    const shape = point ? circle(at[1], at[0], condition.radius_m) : condition.geometry;
    const zone = feature(shape, { role: "zone", kind: condition.type, name: condition.name ?? "" });
    if (!point || !condition.buffer_m) return [zone];
    return [zone, feature(circle(at[1], at[0], condition.radius_m + condition.buffer_m), { role: "buffer" })];
  });
}

/** @param {any} condition @param {{lat: number, lon: number} | undefined} at */
function ringsOf(condition, at) {
  if (at === undefined) return [];
  return [
    feature(circle(at.lat, at.lon, condition.alert_m), { role: "zone", kind: "proximity", name: "" }),
    feature(circle(at.lat, at.lon, condition.warning_m ?? 2 * condition.alert_m), { role: "buffer" }),
  ];
}
