// The server answers /page/vendor/uplot.js with the module of the package.
import uPlot from 'uplot'
export default uPlot
