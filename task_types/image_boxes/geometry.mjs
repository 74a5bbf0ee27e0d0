// Boxes as numbers: whole pixels of the original picture, always inside it.

/** The box between two points, cut to the picture. */
export function between(a, b, size) {
  const [left, right] = [Math.min(a.x, b.x), Math.max(a.x, b.x)].map((x) => clamp(Math.round(x), 0, size.width));
  const [top, bottom] = [Math.min(a.y, b.y), Math.max(a.y, b.y)].map((y) => clamp(Math.round(y), 0, size.height));
  return { x: left, y: top, w: right - left, h: bottom - top };
}

/** The box moved, as far as the picture lets it. */
export function moved(box, dx, dy, size) {
  return { ...box, x: clamp(Math.round(box.x + dx), 0, size.width - box.w), y: clamp(Math.round(box.y + dy), 0, size.height - box.h) };
}

/** The box with some of its edges ("n", "se", ...) dragged by (dx, dy); an edge stops `least` pixels before the opposite one. */
export function stretched(box, edges, dx, dy, size, least) {
  let [left, top, right, bottom] = [box.x, box.y, box.x + box.w, box.y + box.h];
  if (edges.includes("w")) left = clamp(Math.round(left + dx), 0, right - least);
  if (edges.includes("e")) right = clamp(Math.round(right + dx), left + least, size.width);
  if (edges.includes("n")) top = clamp(Math.round(top + dy), 0, bottom - least);
  if (edges.includes("s")) bottom = clamp(Math.round(bottom + dy), top + least, size.height);
  return { ...box, x: left, y: top, w: right - left, h: bottom - top };
}

/** The index of the smallest box that holds the point, or -1: a box on top of a larger one can always be reached. */
export function hit(boxes, point) {
  let found = -1;
  boxes.forEach((box, index) => {
    const inside = point.x >= box.x && point.x <= box.x + box.w && point.y >= box.y && point.y <= box.y + box.h;
    if (inside && (found < 0 || box.w * box.h < boxes[found].w * boxes[found].h)) found = index;
  });
  return found;
}

export function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}
