import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { parse, type ReviverFunction, stringify } from "@std/ini";
import { parse as parseAlone } from "@std/ini/parse";
import { stringify as stringifyAlone } from "@std/ini/stringify";

/** The value that `k = text` is read as. */
function read(text: string): unknown {
  return parse<{ k: unknown }>(`k = ${text}`).k;
}

function syntaxError(text: string, message: string): void {
  assertStrictEquals(
    assertThrows(() => parse(text), SyntaxError).message,
    message,
  );
}

Deno.test("ini parse reads sections and pairs", () => {
  assertEquals<object>(
    parse("\uFEFFtop=1\r\n[ a b ]\rx = y = z\n\n  [c]  \n[d]\nk\u00a0=\u00a0v"),
    { top: 1, " a b ": { x: "y = z" }, c: {}, d: { k: "v" } },
  );
});

Deno.test("ini parse turns words and numbers into such", () => {
  const values: [string, unknown][] = [
    ["", 0],
    ["012345678901", 12345678901],
    ["12345678901234567890", 12345678901234567000],
    ["0x10", 16],
    ["1e5", 100000],
    ["-0", -0],
    ["Infinity", Infinity],
    ["NaN", "NaN"],
    ["1_000", "1_000"],
    ["true", true],
    ["false", false],
    ["null", null],
    ["True", "True"],
    ["undefined", "undefined"],
  ];
  for (const [text, value] of values) assertStrictEquals(read(text), value);
});

Deno.test("ini parse strips exactly one pair of double quotes", () => {
  const values: [string, string][] = [
    ['"x y"', "x y"],
    ['""', ""],
    ['"', '"'],
    ['"a" and "b"', 'a" and "b'],
    ['""x""', '"x"'],
    ['" 1 "', " 1 "],
    ['"true"', "true"],
    ["'q'", "'q'"],
    ['"x" # y', '"x" # y'],
  ];
  for (const [text, value] of values) assertStrictEquals(read(text), value);
});

Deno.test("ini parse takes comments only at the start of a line", () => {
  assertEquals<object>(
    parse("# a=1\n ; b\n//c=1\n/d=1\ne=//x\nf=1 # y\ng=a;b"),
    { "/d": 1, e: "//x", f: "1 # y", g: "a;b" },
  );
});

Deno.test("ini parse replaces duplicates, sections whole", () => {
  const result = parse("a=1\n[s]\nx=1\n[t]\n[s]\ny=2\ny=3\n[a]\n");
  assertEquals<object>(result, { a: {}, s: { y: 3 }, t: {} });
  assertEquals(Object.keys(result), ["a", "s", "t"]);
});

Deno.test("ini parse hoists nested lines", () => {
  assertEquals<object>(parse("[p]\ns3 =\n  style = path\n"), {
    p: { s3: 0, style: "path" },
  });
});

Deno.test("ini parse has no prototype pollution", () => {
  const result = parse<Record<string, object>>(
    "[__proto__]\n__proto__=1\n[constructor]",
  );
  assertEquals(Object.keys(result), ["__proto__", "constructor"]);
  const section = Object.getOwnPropertyDescriptor(result, "__proto__")?.value;
  assertEquals(Object.keys(section), ["__proto__"]);
  assertStrictEquals(Object.getPrototypeOf(result), Object.prototype);
  assertStrictEquals(Object.getPrototypeOf(section), Object.prototype);
});

Deno.test("ini parse names the line it cannot read", () => {
  syntaxError("a=1\n\nword", "Unexpected token w in INI at line 3");
  syntaxError("a: b", "Unexpected token a in INI at line 1");
  syntaxError("a\r\n", "Unexpected token a in INI at line 1");
  syntaxError("\u{1F600}", "Unexpected token \uD83D in INI at line 1");
  syntaxError("a=1\r[b] # c", "Unexpected end of INI section at line 2");
  syntaxError("[a", "Unexpected end of INI section at line 1");
  syntaxError("[k=1", "Unexpected end of INI section at line 1");
  syntaxError("[]", "Unexpected empty section name at line 1");
  syntaxError("\n[ ]", "Unexpected empty section name at line 2");
  syntaxError("= 1", "Unexpected empty key name at line 1");
  syntaxError("==", "Unexpected empty key name at line 1");
});

Deno.test("ini parse cannot read inner line separators", () => {
  syntaxError("k=a\u2028b", "Unexpected token k in INI at line 1");
  syntaxError('k="a\u2029b"', "Unexpected token k in INI at line 1");
  syntaxError("a\u2028b=1", "Unexpected token a in INI at line 1");
  syntaxError("[a\u2028b]", "Unexpected empty section name at line 1");
  assertEquals<object>(parse("a\u2028=\u2029b\u2028"), { a: "b" });
  assertEquals<object>(parse("a=b\u2028=c"), { "a=b": "c" });
});

Deno.test("ini parse refuses what is no text", () => {
  assertThrows(
    () => Reflect.apply(parse, undefined, [7]),
    SyntaxError,
    "Unexpected token 7 in INI at line 0",
  );
});

Deno.test("ini reviver comes after the conversion", () => {
  const calls: unknown[][] = [];
  const reviver: ReviverFunction = (...call) => {
    calls.push(call);
    return call[1] === 0 ? undefined : `<${call[1]}>`;
  };
  assertEquals<object>(parse('a = 007\n[s]\nb =\nc="1"', { reviver }), {
    a: "<7>",
    s: { b: undefined, c: "<1>" },
  });
  assertEquals(calls, [["a", 7, undefined], ["b", 0, "s"], ["c", "1", "s"]]);
});

Deno.test("ini stringify writes values before sections", () => {
  const value = { s: { x: "a b", n: null }, k: 1, t: {}, l: [1, 2] };
  assertStrictEquals(stringify(value), "k=1\nl=1,2\n[s]\nx=a b\nn=null\n[t]");
  assertStrictEquals(
    stringify({ k: "v", s: { x: 1 } }, { pretty: true, lineBreak: "\r\n" }),
    "k = v\r\n[s]\r\nx = 1",
  );
  assertStrictEquals(
    stringify({ k: 1, s: { x: 2 } }, {
      replacer: (key, item, section) => JSON.stringify([key, item, section]),
    }),
    'k=["k",1,null]\n[s]\nx=["x",2,"s"]',
  );
  assertStrictEquals(stringify({ d: new Date(NaN) }), "d=Invalid Date");
});

Deno.test("ini sub-paths are the same functions", () => {
  assertStrictEquals(parseAlone, parse);
  assertStrictEquals(stringifyAlone, stringify);
});
