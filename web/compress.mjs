// Writes the compressed files that are missing beside files: node compress.mjs zst,br,gz FILE...
// Each appears when it is complete: whoever looks for it finds all of it, or nothing.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import zlib from "node:zlib";

const { constants } = zlib;
const MEGABYTE = 2 ** 20;
const LEVEL = 19; // of Zstandard
const SLICE_LEVEL = 12; // of the snapshot's slices: half the time for a tenth more bytes

const ENCODERS = {
  // Browsers refuse windows of more than 8 MB. The checksum makes them detect damage.
  zst: (data, file) =>
    promisify(zlib.zstdCompress)(data, {
      pledgedSrcSize: data.length, // else a small file too clears the tables of a large one
      params: {
        [constants.ZSTD_c_compressionLevel]: file.endsWith(".bin") ? SLICE_LEVEL : LEVEL,
        [constants.ZSTD_c_windowLog]: 23,
        [constants.ZSTD_c_checksumFlag]: 1,
      },
    }),
  br: (data, file) =>
    promisify(zlib.brotliCompress)(data, {
      params: {
        // 9 takes ten times as long. Slices are made anew after each edit.
        [constants.BROTLI_PARAM_QUALITY]: data.length < MEGABYTE && !file.endsWith(".bin") ? 11 : 5,
        [constants.BROTLI_PARAM_LGWIN]: 24,
        [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
      },
    }),
  gz: (data) => promisify(zlib.gzip)(data, { level: 9 }),
};

async function compress(file, endings) {
  const data = readFileSync(file);
  const write = async (ending) => {
    const draft = `${file}.${ending}.${process.pid}.new`;
    writeFileSync(draft, await ENCODERS[ending](data, file));
    renameSync(draft, `${file}.${ending}`);
  };
  await Promise.all(endings.map(write));
}

const [endings, ...files] = process.argv.slice(2);
for (const file of files) {
  await compress(file, endings.split(",").filter((ending) => !existsSync(`${file}.${ending}`)));
  console.log("done");
}
