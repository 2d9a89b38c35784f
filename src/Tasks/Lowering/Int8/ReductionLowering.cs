using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>Sums, means and maxima of u8 values over axes: the global pools and the reductions.</summary>
[Lowers(LoweringForm.Integer, typeof(IAxisReduction))]
internal sealed class ReductionLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.ReadQuantized(node, node.Inputs[0]);
        var facts = OperatorContext.Of(context.Graph, node);
        IAxisReduction reduction = node.As<IAxisReduction>()!;
        int[] axes = reduction.ReducedAxes(facts);
        bool[] reduced = [.. Enumerable.Range(0, input.Dimensions.Length).Select(axes.Contains)];
        Storage output = context.CreateQuantized(node.Outputs[0]);
        if (output.Count == 0)
            return;
        long count = reduction.Terms(facts);
        Groups? groups = Groups.Of(input, reduced);
        if (groups is null)
        {
            input = context.Dense(node, input);
            groups = Groups.Of(input, reduced);
        }
        if (groups is null)
        {
            // Axes that alternate between kept and reduced: a copy brings the reduced ones to the front of the kept inner ones.
            input = MovedToFront(context, node, input, reduced);
            groups = Groups.Of(input, [.. Enumerable.Range(0, reduced.Length).Select(i => i < reduced.Count(r => r))])!;
        }

        // What keeps its scale selects a value of the input; else values are summed.
        bool maximum = OperatorRegistry.Of(node).IntegerForm(facts) == IntegerForm.SameScale;
        LoweredStep step = context
            .Step(maximum ? "Int8Max" : "Int8Mean", "Run", node, $"{node.OpType} of {count} values each")
            .Read("input", input)
            .Int("inputOuterStride", groups.OuterStride)
            .Int("inputRowStride", groups.RowStride)
            .Int("inputColumnStride", groups.ColumnStride)
            .Write("output", output)
            .Int("outputOuterStride", groups.Inner);
        if (!maximum)
        {
            // The quantiser leaves such nodes in float32.
            if (!ByteSums32.Fit(count))
                throw LoweringContext.NoKernel(node, "it sums more values than 32 bits hold");
            double factor = input.Quantization!.Scale / output.Quantization!.Scale;
            FixedPointMultipliers multiplier = FixedPointMultipliers.Of(reduction.IsMean ? factor / count : factor);
            var levels = new OutputLevels(output.Quantization, node.ActivationBounds());
            step.Int("multiplier", multiplier.Multipliers[0])
                .Int("shift", multiplier.Shift)
                .Int("inputZeroPoint", input.Quantization.ZeroPoint)
                .Int("outputZeroPoint", output.Quantization.ZeroPoint)
                .Int("minimum", levels.Minimum)
                .Int("maximum", levels.Maximum);
        }
        step.Int("outer", groups.Outer).Int("reducedRows", groups.Rows).Int("reducedColumns", groups.Columns).Int("inner", groups.Inner);
    }

    private static Storage MovedToFront(LoweringContext context, Node node, Storage input, bool[] reduced)
    {
        int[] order = [.. Enumerable.Range(0, reduced.Length).OrderBy(i => reduced[i] ? 0 : 1).ThenBy(i => i)];
        Storage view = input with
        {
            Dimensions = [.. order.Select(i => input.Dimensions[i])],
            Strides = [.. order.Select(i => input.Strides[i])],
            Border = Border.None,
        };
        return context.Dense(node, view);
    }

    /// <summary>The input as [outer][rows][columns][inner], of which rows and columns are reduced.</summary>
    private sealed record Groups(int Outer, int OuterStride, int Rows, int RowStride, int Columns, int ColumnStride, int Inner)
    {
        public static Groups? Of(Storage input, bool[] reduced)
        {
            // Neighbouring axes of one kind are merged where they follow one another without gaps.
            var runs = new List<(bool Reduced, int Extent, int Stride)>();
            for (int i = 0; i < reduced.Length; i++)
            {
                (int extent, int stride) = (input.Dimensions[i], input.Strides[i]);
                if (extent == 1)
                    continue;
                if (runs.Count > 0 && runs[^1].Reduced == reduced[i] && runs[^1].Stride == (long)stride * extent)
                    runs[^1] = (reduced[i], runs[^1].Extent * extent, stride);
                else
                    runs.Add((reduced[i], extent, stride));
            }
            int next = 0;
            (int outer, int outerStride) = Take(false);
            (int rows, int rowStride) = Take(true);
            (int columns, int columnStride) = Take(true);
            (int inner, int innerStride) = Take(false);

            // Kept axes at the end must be adjacent elements; with none behind, the kept axis before is the outer one.
            if (next < runs.Count || (inner > 1 && innerStride != 1))
                return null;
            if (rows > 1 && columns == 1)
                (rows, rowStride, columns, columnStride) = (1, 0, rows, rowStride);
            if (rows == 1 && columns == 1 && inner == 1)
            {
                // Nothing is reduced: every element for itself.
                if (outer > 1 && outerStride != 1)
                    return new(outer, outerStride, 1, 0, 1, 0, 1);
                return new(1, 0, 1, 0, 1, 0, outer);
            }
            return new(outer, outerStride, rows, rowStride, columns, columnStride, inner);

            (int Extent, int Stride) Take(bool kind)
            {
                if (next < runs.Count && runs[next].Reduced == kind)
                {
                    next++;
                    return (runs[next - 1].Extent, runs[next - 1].Stride);
                }
                return (1, 0);
            }
        }
    }
}
