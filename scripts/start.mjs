// npm start [-- flags]: installs and builds what is missing, then serves in this very process, so
// that signals and the exit code are the server's.
process.argv.splice(2, 0, 'serve');
await import('./run-cli.mjs');
