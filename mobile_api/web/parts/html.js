/** Preact and htm, joined: `html` writes elements without a build. */

import htm from "htm";
import { h } from "preact";

export const html = htm.bind(h);
export { render } from "preact";
export { useEffect, useMemo, useRef, useState } from "preact/hooks";
