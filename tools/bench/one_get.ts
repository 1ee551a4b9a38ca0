/**
 * The program of the bundle figure: one object, read.
 *
 * @module
 */
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";

const s3 = new Session({ region: "eu-west-1" }).client(S3);
const { Body } = await s3.getObject({ Bucket: "photos", Key: "cat.txt" });
console.log(await Body.text());
