import { expect, it } from 'vitest';
import { isLocalHost } from '../../../src/config/local-host.ts';

it.each([
  'http://127.0.0.1:11434',
  'http://localhost/v1',
  'http://[::1]:8000',
  'http://192.168.1.20:11434',
  'http://10.1.2.3',
  'http://172.16.0.1',
  'http://[fd00::1]/',
  'http://gpu-box:8000/v1',
  'http://host.docker.internal:11434',
  'http://ollama.local',
])('%s is in the house', (url) => {
  expect(isLocalHost(url)).toBe(true);
});

it.each([
  'https://api.openai.com/v1',
  'http://8.8.8.8',
  'http://172.32.0.1',
  'http://[2001:db8::1]',
  'http://10.example.com',
])('%s is remote', (url) => {
  expect(isLocalHost(url)).toBe(false);
});
