using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Pooling;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>MaxPool and AveragePool of channels-last u8 feature maps over one or two axes.</summary>
[Lowers(LoweringForm.Integer, typeof(MaxPoolOperator))]
[Lowers(LoweringForm.Integer, typeof(AveragePoolOperator))]
internal sealed class PoolLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        WindowGeometry window = WindowGeometry.OfPooling(OperatorContext.Of(context.Graph, node));
        if (!window.IsChannelsLastMap)
            throw LoweringContext.NoKernel(node, "integer pooling runs over one or two axes, channels last");
        if (node.HasOutput(1))
            throw LoweringContext.NoKernel(node, "integer pooling gives no indices");
        Storage input = context.ReadQuantized(node, node.Inputs[0]);
        if (FeatureMap.Of(input) is null)
            input = context.Dense(node, input);
        Storage output = context.CreateQuantized(node.Outputs[0], bordered: true);
        FeatureMap from = FeatureMap.Of(input)!.Value;
        FeatureMap to = FeatureMap.Of(output)!.Value;
        bool average = node.Is<AveragePoolOperator>();
        LoweredStep step = context
            .Step(average ? "Int8AveragePool" : "Int8MaxPool", "Run", node,
                $"{node.OpType} {from.Height}×{from.Width}×{from.Channels} → {to.Height}×{to.Width}×{to.Channels}, "
                + $"{window.Y.Kernel}×{window.X.Kernel}")
            .Read("input", input)
            .Int("inputImageStride", from.ImageStride)
            .Int("inputRowStride", from.RowStride)
            .Int("inputPixelStride", from.PixelStride)
            .Write("output", output)
            .Int("outputImageStride", to.ImageStride)
            .Int("outputRowStride", to.RowStride)
            .Int("outputPixelStride", to.PixelStride);
        if (average)
        {
            // One multiplier for each number of elements that a window at the edge may have.
            int area = window.Y.Kernel * window.X.Kernel;
            double factor = input.Quantization!.Scale / output.Quantization!.Scale;
            FixedPointMultipliers multipliers = FixedPointMultipliers.Of([.. Enumerable.Range(1, area).Select(n => factor / n)]);
            var levels = new OutputLevels(output.Quantization, node.ActivationBounds());
            step.Int("multipliers", context.Weights.Add<int>(multipliers.Multipliers))
                .Int("shift", multipliers.Shift)
                .Int("inputZeroPoint", input.Quantization.ZeroPoint)
                .Int("outputZeroPoint", output.Quantization.ZeroPoint)
                .Int("minimum", levels.Minimum)
                .Int("maximum", levels.Maximum);
        }
        step.Int("images", to.Images)
            .Int("inputHeight", from.Height)
            .Int("inputWidth", from.Width)
            .Int("outputHeight", to.Height)
            .Int("outputWidth", to.Width)
            .Int("channels", to.Channels)
            .Int("kernelHeight", window.Y.Kernel)
            .Int("kernelWidth", window.X.Kernel)
            .Int("strideHeight", window.Y.Stride)
            .Int("strideWidth", window.X.Stride)
            .Int("dilationHeight", window.Y.Dilation)
            .Int("dilationWidth", window.X.Dilation)
            .Int("padTop", window.Y.PadBegin)
            .Int("padLeft", window.X.PadBegin);
        if (average)
        {
            bool counted = AveragePoolOperator.CountsPadding(node);
            step.Int("countTop", counted ? window.Y.PadBegin : 0)
                .Int("countLeft", counted ? window.X.PadBegin : 0)
                .Int("countBottom", counted ? window.Y.PadEnd : 0)
                .Int("countRight", counted ? window.X.PadEnd : 0);
        }
    }
}
