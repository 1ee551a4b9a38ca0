/**
 * The story that the demo tells: the output of a transcoder is put into a
 * bucket, and read in all the ways that a program might come by it.
 *
 * @module
 */
import { AwsError, ServiceError, Session } from "@inia/aws";
import { GetObject, S3 } from "@inia/aws/s3";
import { STS } from "@inia/aws/sts";
import { CONFIG_FILE, CONFIG_FOLDER, type Stage } from "./stage.ts";

const FOLDER = "HLS/1M/D0002021500_00000";
const PLAYLIST_KEY = `${FOLDER}/sample.m3u8`;

/** Six segments of 10 seconds, and the playlist that names them. */
const SEGMENTS = Array.from(
  { length: 6 },
  (_, index) => `sample_${String(index).padStart(5, "0")}.ts`,
);
const PLAYLIST = [
  "#EXTM3U",
  "#EXT-X-VERSION:3",
  "#EXT-X-TARGETDURATION:10",
  ...SEGMENTS.flatMap((name) => ["#EXTINF:10.0,", name]),
  "#EXT-X-ENDLIST",
  "",
].join("\n");

/**
 * Tells the story.
 *
 * @param stage Where it plays.
 * @param say Takes a line of it.
 */
export async function tell(
  stage: Stage,
  say: (line: string) => void,
): Promise<void> {
  const { endpointUrl, region, credentials, bucket } = stage;
  say(`The story plays at ${stage.name}`);
  using session = new Session({ endpointUrl, region, credentials });
  const s3 = session.client(S3);

  await s3.createBucket({ Bucket: bucket, ...location(region) });
  say(`createBucket: made ${bucket}`);
  try {
    await upload(s3, stage, say);
    await read(s3, stage, say);
    await missingKey(s3, stage, say);
    await wrongSecret(stage, say);
    await presigned(s3, stage, say);
    await profile(stage, say);
    await role(session, stage, say);
  } finally {
    await cleanUp(s3, bucket);
    say(`deleteObject, deleteBucket: nothing of ${bucket} is left`);
  }
}

type Say = (line: string) => void;

/** Every region but the first has to be named when a bucket is made. */
function location(
  region: string,
): { CreateBucketConfiguration?: { LocationConstraint: string } } {
  return region === "us-east-1"
    ? {}
    : { CreateBucketConfiguration: { LocationConstraint: region } };
}

async function upload(s3: S3, { bucket }: Stage, say: Say): Promise<void> {
  for (const name of SEGMENTS) {
    await s3.putObject({
      Bucket: bucket,
      Key: `${FOLDER}/${name}`,
      // Packets of a transport stream begin with 0x47.
      Body: new Uint8Array(188).fill(0x47, 0, 1),
      ContentType: "video/mp2t",
    });
  }
  const { ETag } = await s3.putObject({
    Bucket: bucket,
    Key: PLAYLIST_KEY,
    Body: PLAYLIST,
    ContentType: "application/vnd.apple.mpegurl",
  });
  say(`putObject: ${SEGMENTS.length} segments and a playlist, ETag ${ETag}`);
}

async function read(s3: S3, { bucket }: Stage, say: Say): Promise<void> {
  const { Contents = [] } = await s3.listObjectsV2({
    Bucket: bucket,
    Prefix: `${FOLDER}/`,
  });
  say("listObjectsV2:");
  for (const { Key, Size } of Contents) say(`  ${Size} bytes  ${Key}`);

  const { Body } = await s3.getObject({ Bucket: bucket, Key: PLAYLIST_KEY });
  const text = await Body.text();
  say(`getObject: ${PLAYLIST_KEY}`);
  for (const line of text.trimEnd().split("\n")) say(`  ${line}`);
  expect(text === PLAYLIST, "the playlist came back changed");
}

async function missingKey(s3: S3, { bucket }: Stage, say: Say): Promise<void> {
  const error = await refusal(() =>
    s3.getObject({ Bucket: bucket, Key: `${FOLDER}/missing.m3u8` })
  );
  expect(error?.code === "NoSuchKey", "a missing key was found");
  say(`A missing key: ${error?.message}`);
}

async function wrongSecret(stage: Stage, say: Say): Promise<void> {
  const { endpointUrl, region, credentials, bucket, local } = stage;
  using session = new Session({
    endpointUrl,
    region,
    credentials: { ...credentials, secretAccessKey: "wrong" },
  });
  const s3 = session.client(S3);
  const error = await refusal(() => s3.listObjectsV2({ Bucket: bucket }));
  if (error === undefined && !local) {
    say("A wrong secret: let in, this endpoint checks no signatures");
    return;
  }
  expect(error?.status === 403, "a wrong secret was let in");
  say(`A wrong secret: ${error?.message}`);
}

async function presigned(s3: S3, { bucket }: Stage, say: Say): Promise<void> {
  const { url, expiresAt } = await s3.presign(
    GetObject,
    { Bucket: bucket, Key: PLAYLIST_KEY },
    { expiresInSeconds: 60 },
  );
  const response = await fetch(url);
  const text = await response.text();
  expect(text === PLAYLIST, `the presigned URL gave ${response.status}`);
  say(
    `A presigned URL, good until ${expiresAt.toISOString()}: plain fetch got ${response.status} and ${text.length} bytes`,
  );
}

async function profile(stage: Stage, say: Say): Promise<void> {
  const { endpointUrl, region, credentials, bucket } = stage;
  await Deno.mkdir(CONFIG_FOLDER, { recursive: true, mode: 0o700 });
  try {
    const token = credentials.sessionToken === undefined
      ? []
      : [`aws_session_token = ${credentials.sessionToken}`];
    const lines = [
      "[profile transcoder]",
      `aws_access_key_id = ${credentials.accessKeyId}`,
      `aws_secret_access_key = ${credentials.secretAccessKey}`,
      ...token,
      `region = ${region}`,
      `endpoint_url = ${endpointUrl}`,
    ];
    await Deno.writeTextFile(CONFIG_FILE, `${lines.join("\n")}\n`, {
      mode: 0o600,
    });
    using session = new Session({ profile: "transcoder" });
    const { ContentLength } = await session.client(S3).headObject({
      Bucket: bucket,
      Key: PLAYLIST_KEY,
    });
    say(
      `The profile "transcoder" of a config file: headObject says ${ContentLength} bytes`,
    );
  } finally {
    await Deno.remove(CONFIG_FOLDER, { recursive: true });
  }
}

async function role(session: Session, stage: Stage, say: Say): Promise<void> {
  const sts = session.client(STS);
  let caller;
  try {
    caller = await sts.getCallerIdentity();
    say(`getCallerIdentity: ${caller.Arn}`);
  } catch (error) {
    if (stage.local || !(error instanceof AwsError)) throw error;
    say(
      `Skipped: getCallerIdentity and assumeRole, as the endpoint has no STS (${error.name})`,
    );
    return;
  }
  const { Credentials, AssumedRoleUser } = await sts.assumeRole({
    RoleArn: stage.role ?? `arn:aws:iam::${caller.Account}:role/demo`,
    RoleSessionName: "demo",
    DurationSeconds: 900,
  });
  if (Credentials === undefined) throw new Error("The role has no credentials");
  const s3 = session.client(S3, { credentials: Credentials });
  const { KeyCount } = await s3.listObjectsV2({ Bucket: stage.bucket });
  say(`assumeRole: ${AssumedRoleUser?.Arn} lists ${KeyCount} objects`);
}

async function cleanUp(s3: S3, bucket: string): Promise<void> {
  const { Contents = [] } = await s3.listObjectsV2({ Bucket: bucket });
  for (const { Key } of Contents) {
    if (Key !== undefined) await s3.deleteObject({ Bucket: bucket, Key });
  }
  await s3.deleteBucket({ Bucket: bucket });
}

/** The service's error that a call ends with, or `undefined` where it succeeds. */
async function refusal(
  call: () => Promise<unknown>,
): Promise<ServiceError | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(`The story went wrong: ${otherwise}`);
}
