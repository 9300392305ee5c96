// `npm run generate`: types and documents from the schema and the features' .graphql files.

import type { CodegenConfig } from "@graphql-codegen/cli";
import { addTypenameSelectionDocumentTransform } from "@graphql-codegen/client-preset";

const config: CodegenConfig = {
  schema: process.env.GUILDHALL_SCHEMA ?? "../schema.graphql",
  documents: ["src/app/**/*.graphql", "src/features/**/*.graphql"],
  // A fresh project has no documents in some folders.
  ignoreNoDocuments: true,
  generates: {
    "src/gql/": {
      preset: "client",
      presetConfig: {
        fragmentMasking: false,
        // The ids are SHA-256, which the server expects. The text stays, for the cache and the dev server.
        persistedDocuments: { hashAlgorithm: "sha256", mode: "embedHashInDocument" },
      },
      config: {
        // Not "documentNode": that writes an empty manifest, and documents of twice the size.
        documentMode: "string",
        useTypeImports: true,
        enumsAsTypes: true,
        scalars: { DateTime: "string" },
      },
      // A cache cannot add `__typename` to a document that the server knows by its id.
      documentTransforms: [addTypenameSelectionDocumentTransform],
    },
  },
};

export default config;
