type Line = { sign: "-" | "+" | " "; text: string };

/** Above this many cells the middle of two texts is shown whole, unaligned. */
const MAX_CELLS = 4_000_000;

/** Prints a value in full, keys sorted, one item a line. */
export function format(value: unknown): string {
  // As in the real package: other runtimes have no such function.
  if (!("Deno" in globalThis)) return plain(value);
  return Deno.inspect(value, {
    depth: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
    iterableLimit: Infinity,
    getters: true,
    strAbbreviateSize: Infinity,
  });
}

function plain(value: unknown): string {
  if (typeof value !== "object" || value === null) {
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  }
  const known = new Set<unknown>();
  const text = JSON.stringify(value, (_, member) => {
    if (typeof member === "bigint") return `${member}n`;
    if (typeof member !== "object" || member === null) return member;
    if (known.has(member)) return "[again]";
    known.add(member);
    return member instanceof Map || member instanceof Set
      ? [...member]
      : member;
  }, 2);
  return text ?? String(value);
}

/** Lays two values out line by line, `-` for the actual, `+` for the expected. */
export function diffMessage(actual: unknown, expected: unknown): string {
  const texts = typeof actual === "string" && typeof expected === "string";
  const [left, right] = [actual, expected].map((value) =>
    texts ? escapeControls(String(value)) : format(value)
  ).map((text) => text.split("\n"));
  const lines = diffLines(left ?? [], right ?? []);
  return [
    "\n",
    "    [Diff] Actual / Expected",
    "\n",
    ...lines.map(({ sign, text }) => `${sign}   ${text}`),
    "",
  ].join("\n");
}

/** Makes control characters visible, the line feeds at line ends too. */
function escapeControls(text: string): string {
  const short: Record<string, string> = {
    "\n": "\\n\n",
    "\r": "\\r",
    "\t": "\\t",
  };
  return text.replace(
    /\p{Cc}/gu,
    (char) => short[char] ?? `\\u{${char.charCodeAt(0).toString(16)}}`,
  );
}

function diffLines(a: string[], b: string[]): Line[] {
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < most - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  return [
    ...marked(" ", a.slice(0, head)),
    ...diffMiddle(
      a.slice(head, a.length - tail),
      b.slice(head, b.length - tail),
    ),
    ...marked(" ", a.slice(a.length - tail)),
  ];
}

function marked(sign: Line["sign"], texts: string[]): Line[] {
  return texts.map((text) => ({ sign, text }));
}

/** Aligns by the longest common subsequence. */
function diffMiddle(a: string[], b: string[]): Line[] {
  if (a.length * b.length > MAX_CELLS) {
    return [...marked("-", a), ...marked("+", b)];
  }
  const width = b.length + 1;
  const best = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => best[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      best[i * width + j] = a[i] === b[j]
        ? at(i + 1, j + 1) + 1
        : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ sign: " ", text: a[i++] ?? "" });
      j++;
    } else if (
      j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))
    ) {
      lines.push({ sign: "-", text: a[i++] ?? "" });
    } else {
      lines.push({ sign: "+", text: b[j++] ?? "" });
    }
  }
  return lines;
}
