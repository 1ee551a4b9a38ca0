/**
 * Pictures as SVG that are readable in light and in dark: shapes by what they
 * mean, colours in one place.
 *
 * @module
 */

/** What a text or a shape is, which decides its colours. */
export type Tone =
  | "plain"
  | "quiet"
  | "good"
  | "bad"
  | "wait"
  | "screen"
  | "screen-text"
  | "screen-quiet";

/** How a text stands. */
export interface TextStyle {
  readonly tone?: Tone;
  /** Size in pixels. Default: 14. */
  readonly size?: number;
  readonly anchor?: "start" | "middle" | "end";
  readonly mono?: boolean;
  readonly bold?: boolean;
}

/** Width of a letter of the monospaced font, as part of its size. */
const MONO_WIDTH = 0.61;

const STYLE = `
text { font-family: system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1d2733; }
.mono { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.bold { font-weight: 600; }
.page { fill: #ffffff; }
.box { fill: #eaf1fb; stroke: #4f74ad; stroke-width: 1.2; }
.frame { fill: none; stroke: #8a97a8; stroke-dasharray: 5 4; }
.line { fill: none; stroke: #6a7787; stroke-width: 1.3; }
.head { fill: #6a7787; }
.quiet { fill: #5a6675; }
.good { fill: #1a7340; }
.bad { fill: #a5292a; }
.wait { fill: #f2c46d; stroke: #a87412; }
.faint { opacity: 0.4; }
.screen { fill: #11161c; stroke: #3a4653; }
.screen-text { fill: #e4ebf2; }
.screen-quiet { fill: #93a1b0; }
@media (prefers-color-scheme: dark) {
  text { fill: #e3eaf2; }
  .page { fill: #0d1117; }
  .box { fill: #182536; stroke: #7ba0d8; }
  .frame { stroke: #6f7d8e; }
  .line { stroke: #97a5b5; }
  .head { fill: #97a5b5; }
  .quiet { fill: #a3b0be; }
  .good { fill: #5fd08b; }
  .bad { fill: #ff8f8a; }
  .wait { fill: #8a6420; stroke: #e0ad55; }
  .screen { fill: #161c24; }
  .screen-text { fill: #e4ebf2; }
  .screen-quiet { fill: #93a1b0; }
}`;

/** A picture that is being drawn; all measures are in pixels. */
export class Picture {
  readonly #title: string;
  readonly #width: number;
  readonly #height: number;
  readonly #parts: string[] = [];

  /**
   * @param title What it shows, for those who do not see it.
   * @param width Its width.
   * @param height Its height.
   */
  constructor(title: string, width: number, height: number) {
    this.#title = title;
    this.#width = width;
    this.#height = height;
  }

  /** Writes a text; `y` is its base line. */
  text(x: number, y: number, words: string, style: TextStyle = {}): void {
    const { tone = "plain", size = 14, anchor = "start", mono, bold } = style;
    const classes = [
      ...tone === "plain" ? [] : [tone],
      ...mono ? ["mono"] : [],
      ...bold ? ["bold"] : [],
    ].join(" ");
    this.#parts.push(
      `<text x="${x}" y="${y}" font-size="${size}"${
        anchor === "start" ? "" : ` text-anchor="${anchor}"`
      }${classes === "" ? "" : ` class="${classes}"`} xml:space="preserve">${
        escaped(words)
      }</text>`,
    );
  }

  /** Draws a rectangle of a class of the style. */
  rect(
    x: number,
    y: number,
    width: number,
    height: number,
    classes: string,
  ): void {
    this.#parts.push(
      `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" class="${classes}"/>`,
    );
  }

  /** Draws a line along points; with a head at the last one, if it is an arrow. */
  line(points: readonly (readonly [number, number])[], isArrow = false): void {
    const path = points.map(([x, y]) => `${round(x)},${round(y)}`).join(" ");
    this.#parts.push(
      `<polyline points="${path}" class="line"${
        isArrow ? ' marker-end="url(#head)"' : ""
      }/>`,
    );
  }

  /** Draws a curve from one point down to another. */
  curve(
    [x, y]: readonly [number, number],
    to: readonly [number, number],
  ): void {
    const half = round((y + to[1]) / 2);
    this.#parts.push(
      `<path d="M${round(x)},${y} C${round(x)},${half} ${
        round(to[0])
      },${half} ${round(to[0])},${
        to[1]
      }" class="line" marker-end="url(#head)"/>`,
    );
  }

  /** The file. */
  toString(): string {
    const size = `width="${this.#width}" height="${this.#height}"`;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${this.#width} ${this.#height}" role="img">`,
      `<title>${escaped(this.#title)}</title>`,
      `<style>${STYLE}\n</style>`,
      `<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" class="head"/></marker></defs>`,
      `<rect width="${this.#width}" height="${this.#height}" class="page"/>`,
      ...this.#parts,
      "</svg>\n",
    ].join("\n");
  }
}

/** How wide a text in the monospaced font is. */
export function monoWidth(words: string, size: number): number {
  return Math.ceil(words.length * size * MONO_WIDTH);
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
