// Writes the compressed files that are missing beside files: node compress.mjs zst,br,gz FILE...
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import zlib from "node:zlib";

const { constants } = zlib;
const MEGABYTE = 2 ** 20;

const ENCODERS = {
  // Browsers refuse windows of more than 8 MB. The checksum makes them detect damage.
  zst: (data, level) =>
    promisify(zlib.zstdCompress)(data, {
      params: {
        [constants.ZSTD_c_compressionLevel]: level,
        [constants.ZSTD_c_windowLog]: 23,
        [constants.ZSTD_c_checksumFlag]: 1,
      },
    }),
  br: (data) =>
    promisify(zlib.brotliCompress)(data, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: data.length < MEGABYTE ? 11 : 5, // 9 takes ten times as long
        [constants.BROTLI_PARAM_LGWIN]: 24,
        [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
      },
    }),
  gz: (data) => promisify(zlib.gzip)(data, { level: 9 }),
};

export async function compress(file, endings, level = 19) {
  const data = readFileSync(file);
  const write = async (ending) => writeFileSync(`${file}.${ending}`, await ENCODERS[ending](data, level));
  await Promise.all(endings.map(write));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [endings, ...files] = process.argv.slice(2);
  for (const file of files) {
    await compress(file, endings.split(",").filter((ending) => !existsSync(`${file}.${ending}`)));
    console.log("done");
  }
}
