import express from 'express';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { messageClasses } from '../../../src/http/message-classes.ts';

test('requests and responses have the prototypes that express is about to set', () => {
  const app = express();
  const { IncomingMessage: AppRequest, ServerResponse: AppResponse } = messageClasses(app);
  const req = new AppRequest(new Socket());
  const res = new AppResponse(req);
  expect(Object.getPrototypeOf(req)).toBe(app.request);
  expect(Object.getPrototypeOf(res)).toBe(app.response);
  expect(req).toBeInstanceOf(IncomingMessage);
  expect(res).toBeInstanceOf(ServerResponse);
});

test("express's own members are still there, and name the app", () => {
  const app = express();
  const { IncomingMessage: AppRequest, ServerResponse: AppResponse } = messageClasses(app);
  const req = new AppRequest(new Socket()) as express.Request;
  const res = new AppResponse(req) as unknown as express.Response;
  req.headers['x-one'] = '1';
  expect(req.get('x-one')).toBe('1');
  expect(res.status(404).statusCode).toBe(404);
  expect(req.app).toBe(app);
  expect(res.app).toBe(app);
});
