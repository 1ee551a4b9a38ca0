/**
 * The media type of a file by its name, as boto 2 guesses it.
 *
 * Source: "Media Types", IANA; "mimetypes", Python standard library, for how
 * endings of compressed files are read.
 *
 * @module
 */

/** The type where the name tells none, as in boto 2. */
const UNKNOWN = "application/octet-stream";

/** Endings of one type, with a space between them, by type. */
const ENDINGS: ReadonlyMap<string, string> = new Map(Object.entries({
  "application/epub+zip": "epub",
  "application/java-archive": "jar",
  "application/json": "json map",
  "application/ld+json": "jsonld",
  "application/manifest+json": "webmanifest",
  "application/msword": "doc dot",
  "application/ogg": "ogx",
  "application/pdf": "pdf",
  "application/postscript": "ps ai eps",
  "application/rtf": "rtf",
  "application/vnd.apple.mpegurl": "m3u8 m3u",
  "application/vnd.ms-excel": "xls",
  "application/vnd.ms-fontobject": "eot",
  "application/vnd.ms-powerpoint": "ppt pps pot",
  "application/vnd.oasis.opendocument.presentation": "odp",
  "application/vnd.oasis.opendocument.spreadsheet": "ods",
  "application/vnd.oasis.opendocument.text": "odt",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation":
    "pptx",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document":
    "docx",
  "application/wasm": "wasm",
  "application/x-7z-compressed": "7z",
  "application/x-sh": "sh",
  "application/x-tar": "tar",
  "application/xhtml+xml": "xhtml",
  "application/xml": "xml xsl",
  "application/yaml": "yaml yml",
  "application/zip": "zip",
  "audio/aac": "aac",
  "audio/flac": "flac",
  "audio/midi": "mid midi",
  "audio/mp4": "m4a",
  "audio/mpeg": "mp3 mp2",
  "audio/ogg": "oga ogg opus",
  "audio/x-aiff": "aif aiff aifc",
  "audio/x-wav": "wav",
  "font/otf": "otf",
  "font/ttf": "ttf",
  "font/woff": "woff",
  "font/woff2": "woff2",
  "image/avif": "avif",
  "image/bmp": "bmp",
  "image/gif": "gif",
  "image/heic": "heic",
  "image/heif": "heif",
  "image/jpeg": "jpg jpeg jpe",
  "image/png": "png",
  "image/svg+xml": "svg",
  "image/tiff": "tif tiff",
  "image/vnd.microsoft.icon": "ico",
  "image/webp": "webp",
  "message/rfc822": "eml mht mhtml",
  "text/calendar": "ics",
  "text/css": "css",
  "text/csv": "csv",
  "text/html": "html htm",
  "text/javascript": "js mjs",
  "text/markdown": "md markdown",
  "text/plain": "txt log conf ini bat c h ksh pl",
  "text/tab-separated-values": "tsv",
  "text/vtt": "vtt",
  "text/x-python": "py",
  "video/mp2t": "ts m2ts",
  "video/mp4": "mp4 m4v",
  "video/mpeg": "mpeg mpg mpe m1v",
  "video/ogg": "ogv",
  "video/quicktime": "mov qt",
  "video/webm": "webm",
  "video/x-matroska": "mkv",
  "video/x-msvideo": "avi",
}));

const TYPES: ReadonlyMap<string, string> = new Map(
  [...ENDINGS].flatMap(([type, endings]) =>
    endings.split(" ").map((ending) => [ending, type] as const)
  ),
);

/** Endings that stand for two. */
const SHORT: ReadonlyMap<string, string> = new Map(Object.entries({
  svgz: ".svg.gz",
  tbz2: ".tar.bz2",
  tgz: ".tar.gz",
  txz: ".tar.xz",
}));

/** Endings of compressed files: what is before them tells the type. */
const COMPRESSED = /\.(?:br|bz2|gz|xz|z)$/i;

/**
 * Guesses the media type of a file.
 *
 * @param name Its name, or a path or URL that ends in it.
 * @returns The type, `"application/octet-stream"` where the name tells none.
 */
export function contentTypeOf(name: string | URL): string {
  const path = name instanceof URL ? name.pathname : name;
  const file = path.replace(/^.*[\\/]/s, "");
  const long = file.replace(
    /\.(\w+)$/,
    (all, ending: string) => SHORT.get(ending.toLowerCase()) ?? all,
  );
  const [, ending = ""] = /.\.(\w+)$/s.exec(long.replace(COMPRESSED, "")) ?? [];
  return TYPES.get(ending.toLowerCase()) ?? UNKNOWN;
}
