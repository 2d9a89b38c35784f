using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>
/// The product of two tensors of u8 matrices, whose batches broadcast. Both are read as they lie, whatever views they are, as long as the
/// columns of the first are adjacent: the kernel packs the second one anyway.
/// </summary>
internal static class ActivationProduct
{
    // Packing and the sums of rows come on top of the products.
    private const double MacsPerNanosecond = 150;

    /// <summary>Emits the step.</summary>
    public static void Lower(LoweringContext context, Node node)
    {
        Storage a = context.InArena(node, context.ReadQuantized(node, node.Inputs[0]));
        Storage b = context.InArena(node, context.ReadQuantized(node, node.Inputs[1]));
        if (a.Strides[^1] != a.ElementSize && a.Dimensions[^1] > 1)
            a = context.Dense(node, a);
        Storage output = context.CreateQuantized(node.Outputs[0]);
        if (output.Count == 0)
            return;
        (int rows, int inner, int columns) = (a.Dimensions[^2], a.Dimensions[^1], b.Dimensions[^1]);
        ImmutableArray<int> batch = output.Dimensions[..^2];
        Storage scratch = context.CreateScratch(node, ElementType.UInt8, Int8MatMul.ScratchBytes(inner, columns));
        (ActivationQuantization first, ActivationQuantization second) = (a.Quantization!, b.Quantization!);
        ActivationQuantization result = output.Quantization!;
        FixedPointMultipliers multiplier = FixedPointMultipliers.Of(first.Scale * second.Scale / result.Scale);
        bool wide = result.Type == ActivationType.S32;
        LoweredStep step = context
            .Step(nameof(Int8MatMul), wide ? nameof(Int8MatMul.RunWide) : nameof(Int8MatMul.Run), node,
                $"{Extents(a)} · {Extents(b)}", context.Macs(node))
            .AtRate(MacsPerNanosecond)
            .Read("a", a)
            .Int("aRowStride", a.Strides[^2])
            .Read("b", b)
            .Int("bRowStride", b.Strides[^2])
            .Int("bColumnStride", b.Strides[^1])
            .Write("output", output)
            .Int("outputRowStride", output.Strides[^2])
            .Write("scratch", scratch)
            .Int("aZeroPoint", first.ZeroPoint)
            .Int("bZeroPoint", second.ZeroPoint)
            .Int("multiplier", multiplier.Multipliers[0])
            .Int("shift", multiplier.Shift);
        if (!wide)
        {
            var levels = new OutputLevels(result, node.ActivationBounds());
            step.Int("outputZeroPoint", result.ZeroPoint).Int("minimum", levels.Minimum).Int("maximum", levels.Maximum);
        }
        step.Int("rows", rows).Int("inner", inner).Int("columns", columns)
            .Ints("batch", batch)
            .Ints("aStrides", Batched(a, batch))
            .Ints("bStrides", Batched(b, batch))
            .Ints("outputStrides", output.Strides[..^2]);
    }

    // Bytes between neighbouring matrices for each extent of the batch, 0 where they are repeated.
    private static ImmutableArray<int> Batched(Storage matrices, ImmutableArray<int> batch)
    {
        int missing = batch.Length + 2 - matrices.Dimensions.Length;
        return [.. batch.Select((extent, d) => d < missing || matrices.Dimensions[d - missing] == 1 ? 0 : matrices.Strides[d - missing])];
    }

    private static string Extents(Storage matrices) => string.Join('×', matrices.Dimensions);
}
