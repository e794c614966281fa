// The charts, components and renderer that crates/repshape-report draws with; nothing else is bundled.
import * as echarts from 'echarts/core';
import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  GridComponent,
  LegendPlainComponent,
  MarkLineComponent,
  MarkPointComponent,
  TooltipComponent,
} from 'echarts/components';
import { CanvasRenderer } from 'echarts/renderers';

echarts.use([
  BarChart, LineChart, ScatterChart,
  GridComponent, LegendPlainComponent, MarkLineComponent, MarkPointComponent, TooltipComponent,
  CanvasRenderer,
]);

export const init = echarts.init;
export const version = echarts.version;
