import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOnnxGraph, type OnnxGraph } from '../../../scripts/encoder/onnx-graph.ts';

/** Ids by place: [UNK] is 1, as WordPiece files have it. */
export const tinyVocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'hello', 'world', 'a', '##b'];
export const tinyDimensions = 4;

/** Row r of the embedding table; any numbers will do, as long as rows differ. */
export function tinyRow(id: number): number[] {
  return Array.from({ length: tinyDimensions }, (_, i) => Math.sin(1 + id * tinyDimensions + i));
}

/**
 * Writes a BERT-shaped model folder for transformers.js: hidden state = embedding row of the id,
 * plus 0.0 for what mask and types add, so that a test can do the sum by hand.
 */
export function writeTinyBert(folder: string): void {
  const { graph, hidden } = tinyGraph();
  graph.node('Identity', [hidden], {}, 'last_hidden_state');
  writeModel(folder, graph, 'last_hidden_state', ['batch', 'sequence', tinyDimensions]);
}

/** Weight of dimension i for label j of the tiny classifier. */
export function tinyHead(i: number, j: number): number {
  return Math.cos(1 + 3 * i + j);
}

/** The same with a head: logits = mean of the hidden states times `tinyHead`. */
export function writeTinyClassifier(folder: string, labels: number): void {
  const { graph, hidden } = tinyGraph();
  const mean = graph.node('ReduceMean', [hidden], { axes: [1], keepdims: 0 });
  const head = Float32Array.from({ length: tinyDimensions * labels }, (_, place) =>
    tinyHead(Math.floor(place / labels), place % labels),
  );
  graph.node('MatMul', [mean, graph.float('head', [tinyDimensions, labels], head)], {}, 'logits');
  writeModel(folder, graph, 'logits', ['batch', labels]);
}

function tinyGraph(): { graph: OnnxGraph; hidden: string } {
  const graph = createOnnxGraph('tiny-bert');
  const table = Float32Array.from(tinyVocabulary.flatMap((_, id) => tinyRow(id)));
  const words = graph.node('Gather', [
    graph.float('words', [tinyVocabulary.length, tinyDimensions], table),
    'input_ids',
  ]);
  const types = graph.node('Gather', [
    graph.float('types', [2, tinyDimensions], new Float32Array(2 * tinyDimensions)),
    'token_type_ids',
  ]);
  const mask = graph.node('Gather', [
    graph.float('mask', [2, tinyDimensions], new Float32Array(2 * tinyDimensions)),
    'attention_mask',
  ]);
  return { graph, hidden: graph.node('Add', [graph.node('Add', [words, types]), mask]) };
}

function writeModel(
  folder: string,
  graph: OnnxGraph,
  output: string,
  shape: (string | number)[],
): void {
  const model = graph.encode(['input_ids', 'attention_mask', 'token_type_ids'], output, shape);
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  writeFileSync(join(folder, 'onnx', 'model.onnx'), model);

  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];
  const files = {
    'config.json': { model_type: 'bert', hidden_size: tinyDimensions },
    'tokenizer_config.json': {
      tokenizer_class: 'BertTokenizer',
      model_max_length: 16,
      unk_token: '[UNK]',
      pad_token: '[PAD]',
      cls_token: '[CLS]',
      sep_token: '[SEP]',
    },
    'tokenizer.json': {
      version: '1.0',
      added_tokens: special.map((content, id) => ({ id, content, special: true })),
      normalizer: { type: 'BertNormalizer', clean_text: true, lowercase: true },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: {
        type: 'TemplateProcessing',
        single: [
          { SpecialToken: { id: '[CLS]', type_id: 0 } },
          { Sequence: { id: 'A', type_id: 0 } },
          { SpecialToken: { id: '[SEP]', type_id: 0 } },
        ],
        pair: [],
        special_tokens: {},
      },
      decoder: null,
      model: {
        type: 'WordPiece',
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
        vocab: Object.fromEntries(tinyVocabulary.map((token, id) => [token, id])),
      },
    },
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), JSON.stringify(content));
  }
}
