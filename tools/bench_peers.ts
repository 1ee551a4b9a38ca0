/**
 * The table of docs/performance.md: what this library and its peers take for
 * the same acts, as ratios of CPU time in one run.
 *
 * The peers are installed by npm into a temporary folder; boto3 takes part
 * where `python3` has it. The server is nginx where there is one, else a small
 * one of ours, both in a process of their own that is not measured. Programs
 * run in turn, so that a change of the machine's speed meets all of them.
 *
 * Usage: `deno task bench:peers [rows] [rounds] [MiB]`; rows are names of the
 * table, joined by commas, for example `get,put`. `deno task bench:calls` is the
 * row `calls`, which needs no peer: a quick look. Needs bash and GNU time.
 *
 * @module
 */

/** One row of the table. */
interface Row {
  /** What is done, by the name that `bench/peers.mjs` has for it. */
  readonly act: string;
  /** What the ratios are of. */
  readonly base: string;
  /** Calls that are measured. */
  readonly calls: number;
  /** Calls at once. */
  readonly atOnce: readonly number[];
  /** Who takes part beside the base and this library. */
  readonly peers: readonly string[];
  /** Whether it is done over TLS as well. */
  readonly tls?: true;
}

/** CPU of one call in µs, or of a process in ms, and its peak memory in MiB. */
interface Figures {
  readonly cpu: number;
  readonly memory: number;
}

/** This library, over fetch and over sockets. */
const OURS = ["inia", "inia-socket"];

const SMALL = [
  "aws4fetch",
  "leanS3",
  "s3mini",
  "s3lite",
  "minio",
  "sdk",
  "bun",
];
const BULK = ["sdk", "boto3", "bun"];

const ROWS: Readonly<Record<string, Row>> = {
  g: row("get", "fetch", 3_000, [1, 16, 32], []),
  p: row("put", "fetch", 3_000, [1, 16, 32], []),
  gt: { ...row("get", "fetch", 3_000, [], []), tls: true },
  c: row("get", "fetch", 1, [1], []),
  u: { ...row("upload", "fetch", 1, [1], []), tls: true },
  s: { ...row("stream", "fetch", 1, [1], []), tls: true },
  d: { ...row("download", "fetch", 1, [1], []), tls: true },
  calls: row("get", "fetch", 4_000, [1, 16], ["floor"]),
  get: row("get", "fetch", 3_000, [1, 32], ["floor", ...SMALL]),
  put: row("put", "fetch", 3_000, [1, 32], SMALL),
  presign: row("presign", "leanS3", 5_000, [1], SMALL),
  sign: row("sign", "aws4fetch", 3_000, [1], []),
  list: row("list", "fetch", 200, [1], SMALL),
  cold: row("get", "fetch", 1, [1], ["aws4fetch", "leanS3", "s3lite"]),
  upload: { ...row("upload", "fetch", 1, [1], BULK), tls: true },
  stream: { ...row("stream", "fetch", 1, [1], BULK), tls: true },
  download: { ...row("download", "fetch", 1, [1], ["boto3"]), tls: true },
};

const PACKAGES = [
  "@aws-sdk/client-s3@3.1175.0",
  "@aws-sdk/lib-storage@3.1175.0",
  "@aws-sdk/s3-request-presigner@3.1169.0",
  "@bradenmacdonald/s3-lite-client@1.0.0",
  "aws4fetch@1.0.20",
  "bun@1.4.5",
  "lean-s3@0.6.3",
  "minio@8.0.7",
  "s3mini@1.0.2",
];

const [
  names = Object.keys(ROWS).filter((name) => name !== "calls").join(),
  rounds = "5",
  mebibytes = "256",
] = Deno.args;
const rows = names.split(",").map((name): readonly [string, Row] => {
  const wanted = ROWS[name];
  if (wanted === undefined) {
    throw new Error(`no row "${name}": there are ${Object.keys(ROWS)}`);
  }
  return [name, wanted];
});
const folder = await Deno.makeTempDir({ prefix: "peers" });
const programs = new URL("bench/", import.meta.url).pathname;
const decoder = new TextDecoder();

try {
  await install();
  await writeObjects();
  const tls = await makeCertificates();
  await using server = await startServer(tls);
  console.log(`${server.name}, ${rounds} rounds; ratios of CPU (median)\n`);
  for (const [name, wanted] of rows) {
    for (const atOnce of wanted.atOnce) {
      await compare(name, wanted, atOnce, server.origin);
    }
    if (wanted.tls && server.tlsOrigin !== undefined) {
      await compare(name, wanted, 1, server.tlsOrigin);
    }
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}

function row(
  act: string,
  base: string,
  calls: number,
  atOnce: readonly number[],
  peers: readonly string[],
): Row {
  return { act, base, calls, atOnce, peers };
}

/** Measures all who take part, in turn, and prints a line for each. */
async function compare(
  name: string,
  { act, base, calls, peers }: Row,
  atOnce: number,
  origin: string,
): Promise<void> {
  const all = new Set([base, ...OURS, ...peers]);
  const results = new Map([...all].map((peer) => [peer, [] as Figures[]]));
  for (let round = 0; round < Number(rounds); round++) {
    for (const peer of all) {
      const figures = await measure(peer, act, { calls, atOnce, origin });
      if (figures === undefined) all.delete(peer);
      else results.get(peer)?.push(figures);
    }
  }
  const bases = results.get(base) ?? [];
  const scheme = origin.startsWith("https") ? ", TLS" : "";
  console.log(`${name}, ${atOnce} at once${scheme}, of ${base}`);
  for (const peer of all) {
    const figures = results.get(peer) ?? [];
    const ratios = figures.map(({ cpu }, i) => cpu / (bases[i]?.cpu ?? NaN));
    const unit = calls > 1 ? "µs a call" : "ms in all";
    console.log(
      `  ${peer.padEnd(11)} ${median(ratios).toFixed(2).padStart(6)}   (${
        median(figures.map(({ cpu }) => cpu)).toFixed(0)
      } ${unit}, peak ${
        median(figures.map(({ memory }) => memory)).toFixed(0)
      } MiB)`,
    );
  }
}

/** Runs one program. `undefined` where it cannot do that. */
async function measure(
  peer: string,
  act: string,
  { calls, atOnce, origin }: {
    readonly calls: number;
    readonly atOnce: number;
    readonly origin: string;
  },
): Promise<Figures | undefined> {
  const target = `${folder}/target`;
  const { success, stdout, stderr } = await new Deno.Command("bash", {
    args: [
      "-c",
      `TIMEFORMAT="cpu %U %S"; time command time -f "peak %M" "$@"`,
      "bash",
      ...commandOf(peer),
      ...[peer, act, String(calls), String(atOnce)],
    ],
    cwd: folder,
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH") ?? "",
      HOME: Deno.env.get("HOME") ?? "",
      BASE: origin,
      FILE: act === "upload" ? `${folder}/objects/big` : target,
      NODE_NO_WARNINGS: "1",
      DENO_NO_UPDATE_CHECK: "1",
      ...origin.startsWith("https") && {
        CA: `${folder}/authority.pem`,
        DENO_CERT: `${folder}/authority.pem`,
        NODE_EXTRA_CA_CERTS: `${folder}/authority.pem`,
        AWS_CA_BUNDLE: `${folder}/authority.pem`,
      },
    },
  }).output();
  await Deno.remove(target).catch(() => {});
  const told = decoder.decode(stdout).trim();
  const usage = decoder.decode(stderr);
  if (!success || told === "none") {
    if (OURS.includes(peer) || peer === "fetch") throw new Error(usage || told);
    return undefined;
  }
  const [, user, system] = /cpu (\S+) (\S+)/.exec(usage) ?? [];
  const [, peak] = /peak (\d+)/.exec(usage) ?? [];
  return {
    cpu: calls > 1 ? Number(told) : 1_000 * (Number(user) + Number(system)),
    memory: Number(peak) / 1_024,
  };
}

function commandOf(peer: string): readonly string[] {
  const script = `${folder}/peers.mjs`;
  if (peer === "boto3") return ["python3", `${programs}peer_boto3.py`];
  if (peer === "bun") return [`${folder}/node_modules/.bin/bun`, script];
  const run = ["deno", "run", "-A", "--quiet", "--no-lock", "--no-check"];
  return OURS.includes(peer)
    ? [...run, `${programs}peers.mjs`]
    : [...run, "--node-modules-dir=manual", script];
}

async function install(): Promise<void> {
  await Deno.writeTextFile(`${folder}/package.json`, "{}");
  await Deno.copyFile(`${programs}peers.mjs`, `${folder}/peers.mjs`);
  const peers = new Set(
    rows.flatMap(([, { base, peers }]) => [base, ...peers]),
  );
  if (new Set(["fetch", "floor"]).isSupersetOf(peers)) return;
  await run("npm", [
    "install",
    "--no-audit",
    "--no-fund",
    "--silent",
    ...PACKAGES,
  ]);
}

/** What the server serves: a small object, a large one, a listing. */
async function writeObjects(): Promise<void> {
  const objects = `${folder}/objects`;
  await Deno.mkdir(objects);
  await Deno.chmod(folder, 0o755);
  await Deno.writeFile(`${objects}/small`, new Uint8Array(1_024).fill(120));
  const size = Number(mebibytes) * 1_024 * 1_024;
  const piece = new Uint8Array(1_024 * 1_024).map((_, i) => i * 31);
  using big = await Deno.create(`${objects}/big`);
  for (let written = 0; written < size; written += piece.length) {
    await big.write(piece);
  }
  const contents = Array.from(
    { length: 1_000 },
    (_, i) =>
      `<Contents><Key>photos/2024/summer/image-${
        String(i).padStart(5, "0")
      }.jpeg</Key><LastModified>2024-02-29T12:34:56.000Z</LastModified>` +
      `<ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag><Size>${
        1_024 + i
      }</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  await Deno.writeTextFile(
    `${objects}/list`,
    `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bkt</Name><Prefix></Prefix><KeyCount>1000</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>${
      contents.join("")
    }</ListBucketResult>`,
  );
}

/** A certificate for 127.0.0.1 and its authority, where openssl can make one. */
async function makeCertificates(): Promise<boolean> {
  const script = `
    key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    openssl req -x509 $key -days 2 -subj /CN=authority -keyout authority.key -out authority.pem
    openssl req $key -subj /CN=127.0.0.1 -keyout server.key -out server.csr
    printf 'subjectAltName=IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n' > server.ext
    openssl x509 -req -days 2 -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -extfile server.ext -out server.pem`;
  try {
    await run("bash", ["-ec", script]);
    return true;
  } catch {
    console.log("no openssl here: no rows over TLS");
    return false;
  }
}

/** A server that runs until it is disposed of. */
interface Server extends AsyncDisposable {
  readonly name: string;
  readonly origin: string;
  readonly tlsOrigin?: string;
}

async function startServer(tls: boolean): Promise<Server> {
  try {
    await run("nginx", ["-v"]);
  } catch {
    return await startOurs();
  }
  const port = freePort();
  const tlsPort = freePort();
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    nginxConfig(port, tls ? tlsPort : undefined),
  );
  const process = new Deno.Command("nginx", {
    args: ["-p", folder, "-e", `${folder}/nginx.log`, "-c", "nginx.conf"],
    cwd: folder,
  }).spawn();
  const origin = `http://127.0.0.1:${port}`;
  await answers(origin);
  return {
    name: "nginx",
    origin,
    ...tls && { tlsOrigin: `https://127.0.0.1:${tlsPort}` },
    [Symbol.asyncDispose]: async () => {
      process.kill();
      await process.status;
    },
  };
}

/** As much of S3 as the acts ask for. What is put is read and forgotten. */
function nginxConfig(port: number, tlsPort: number | undefined): string {
  const type = "default_type application/xml;";
  const upload =
    "<InitiateMultipartUploadResult><Bucket>bkt</Bucket><Key>up</Key><UploadId>u1</UploadId></InitiateMultipartUploadResult>";
  const complete =
    "<CompleteMultipartUploadResult><Bucket>bkt</Bucket><Key>up</Key><ETag>e</ETag></CompleteMultipartUploadResult>";
  return `daemon off; pid nginx.pid; worker_processes 1;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 100000000; keepalive_timeout 300;
  client_max_body_size 0; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  map $args $answer { default '${complete}'; ~^uploads '${upload}'; }
  server {
    listen 127.0.0.1:${port};
    ${
    tlsPort === undefined
      ? ""
      : `listen 127.0.0.1:${tlsPort} ssl; ssl_certificate server.pem; ssl_certificate_key server.key;`
  }
    add_header x-amz-request-id A1B2C3D4E5F60718;
    location ~ ^/bkt/?$ { ${type} root objects; rewrite ^ /list break; }
    location /bkt/ {
      root .; ${type}
      if ($request_method = POST) { return 200 $answer; }
      if ($request_method = PUT) { rewrite ^ /put last; }
      rewrite ^/bkt/(.*)$ /objects/$1 break;
    }
    location = /put {
      client_body_buffer_size 16m; proxy_pass_request_body off; proxy_set_header Content-Length "";
      proxy_pass http://127.0.0.1:${port}/stored;
    }
    location = /stored { add_header ETag '"5d41402abc4b2a76b9719d911017c592"'; return 200 ""; }
  }
}`;
}

/** The server for machines without nginx. */
async function startOurs(): Promise<Server> {
  const process = new Deno.Command("deno", {
    args: [
      "run",
      "--no-check",
      "--allow-net=127.0.0.1",
      "--allow-read",
      `${programs}server.ts`,
      `${folder}/objects`,
    ],
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return {
    name: "our own server",
    origin: `http://127.0.0.1:${decoder.decode(value).trim()}`,
    [Symbol.asyncDispose]: async () => {
      process.kill();
      await process.status;
      await process.stdout.cancel();
    },
  };
}

async function answers(origin: string): Promise<void> {
  for (let attempt = 0;; attempt++) {
    try {
      await (await fetch(`${origin}/bkt/small`)).bytes();
      return;
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd: folder,
  }).output();
  if (!success) throw new Error(decoder.decode(stderr));
}

function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
