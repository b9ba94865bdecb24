import type { RequestHandler } from 'express';
import { ModelNotFoundError } from '../errors.ts';
import { listModelNames, parseModelName } from '../routing/model-name.ts';
import type { AppDeps } from './app.ts';
import { sendJson } from './reply.ts';

type ModelsDeps = Pick<AppDeps, 'serving' | 'startedAtMs'>;

/** `GET /v1/models`: what may be asked for; never asks an upstream. */
export function listModels(deps: ModelsDeps): RequestHandler {
  return (_req, res) => {
    const data = listModelNames(deps.serving().names).map((id) => modelObject(deps, id));
    sendJson(res, 200, { object: 'list', data });
  };
}

/** `GET /v1/models/{id}`; ids may hold slashes and colons, encoded or not. */
export function retrieveModel(deps: ModelsDeps): RequestHandler {
  return (req, res) => {
    const { id } = req.params;
    const name = Array.isArray(id) ? id.join('/') : (id ?? '');
    if (name === '') throw new ModelNotFoundError('No model is named in the path.');
    parseModelName(name, deps.serving().names);
    sendJson(res, 200, modelObject(deps, name));
  };
}

function modelObject({ startedAtMs }: ModelsDeps, id: string) {
  return { id, object: 'model', created: Math.floor(startedAtMs / 1000), owned_by: 'pointsman' };
}
