using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Weights;

/// <summary>
/// What a layer's weights look like before they are packed: [groups · outputs][inputs][taps], row-major, whatever the order in the model.
/// </summary>
/// <param name="Order">How the kernel walks over the inputs.</param>
/// <param name="Groups">The number of groups; of a depthwise layer its channels.</param>
/// <param name="Outputs">Outputs of a group.</param>
/// <param name="Inputs">Inputs of a group; for windows: channels.</param>
/// <param name="Kernel">The window's extents; empty for rows.</param>
internal sealed record LayerShape(WeightOrder Order, int Groups, int Outputs, int Inputs, ImmutableArray<int> Kernel)
{
    /// <summary>A dense layer.</summary>
    public static LayerShape OfRows(int outputs, int inputs) => new(WeightOrder.Dense, 1, outputs, inputs, []);

    /// <summary>The shape of an integer dot product, as the quantiser has laid it out.</summary>
    public static LayerShape Of(WeightLayout layout) => layout.Order == WeightOrder.Dense
        ? OfRows(layout.Outputs, layout.Inputs) with { HasPanelKernels = !layout.AddsBlocks }
        : new(layout.Order, layout.Groups, layout.Outputs, layout.Inputs, [layout.KernelHeight, layout.KernelWidth])
        {
            InputPixelStride = layout.PixelStride,
            DilationWidth = layout.Dilation,
            HasPanelKernels = layout.Order == WeightOrder.Convolution && !layout.AddsBlocks,
        };

    /// <summary>Bytes from one input pixel to the next, where the packing joins taps that follow one another; else 0.</summary>
    public int InputPixelStride { get; init; }

    /// <summary>Input pixels from one tap of a kernel row to the next.</summary>
    public int DilationWidth { get; init; } = 1;

    /// <summary>
    /// Whether there are kernels for the layer that read weights without their zero blocks, and those of integers in four bits.
    /// </summary>
    public bool HasPanelKernels { get; init; }

    /// <summary>Rows of outputs that share the weights; 0 where nobody has said.</summary>
    public int Rows { get; init; }

    /// <summary>Inputs that share a factor of their weights, as the quantiser has chosen them; 0: all.</summary>
    public int GroupInputs { get; init; }

    /// <summary>
    /// Whether the columns of a window follow one another without gaps in float32 inputs, so that a row of it is one run of inputs; not so
    /// with gaps between them or other groups.
    /// </summary>
    public bool HasJoinedColumns => Order == WeightOrder.Convolution && Groups == 1
        && DilationWidth * InputPixelStride == Inputs * sizeof(float);

    /// <summary>The number of taps of the window; 1 for rows.</summary>
    public int Taps => Shapes.Count(Kernel.AsSpan());

    /// <summary>The number of weights.</summary>
    public int Count => checked(Groups * Outputs * Inputs * Taps);
}
