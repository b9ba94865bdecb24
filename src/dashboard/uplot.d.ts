/** The chart library under the address that routes.ts serves it at. */
declare module '*/charts/uPlot.esm.js' {
  import uPlot from 'uplot';
  export default uPlot;
}
