using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Weights;

/// <summary>
/// A form in which a layer's weights are stored: the one place that decides which layers have it, packs their weights, reads them back and
/// names the kernels that multiply with them. The set is closed and small: every subclass in this folder, one file each. A form may be
/// asked for by a technique's annotation; <see cref="Of"/> finds the form of a layer, and no two forms claim the same one.
/// </summary>
internal abstract class WeightStorage
{
    /// <summary>All forms, sorted by name.</summary>
    public static ImmutableArray<WeightStorage> All { get; } =
    [
        .. OperatorRegistry.OwnTypes
            .Where(t => t is { IsAbstract: false } && t.IsSubclassOf(typeof(WeightStorage)))
            .Select(t => (WeightStorage)Activator.CreateInstance(t, nonPublic: true)!)
            .OrderBy(s => s.Name, StringComparer.Ordinal),
    ];

    /// <summary>The form's name in reports, for example <c>s8</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The type of the weights that <see cref="Pack"/> takes.</summary>
    public abstract ElementType Element { get; }

    /// <summary>Multiply-accumulates of a nanosecond where arithmetic and not memory is the limit (see <see cref="CostModel"/>).</summary>
    public abstract double MacsPerNanosecond { get; }

    /// <summary>
    /// The kernels that read the form, by order of the weights; an order may have several, for example one for sums beyond 32 bits.
    /// </summary>
    public abstract ImmutableArray<string> Kernels(WeightOrder order);

    /// <summary>Whether the weights of a node are stored in this form.</summary>
    /// <param name="context">What is lowered.</param>
    /// <param name="node">The layer's node.</param>
    /// <param name="shape">The layer.</param>
    /// <param name="weights">Its weights, as <see cref="Pack"/> takes them.</param>
    public abstract bool Holds(LoweringContext context, Node node, LayerShape shape, Tensor weights);

    /// <summary>The share of a layer's multiply-accumulates that its kernel carries out.</summary>
    public virtual double ShareOfProducts(WeightSection section) => 1;

    /// <summary>The kernel's arguments that say where a layer's weights lie, in the order of its parameters.</summary>
    public virtual ImmutableArray<(string Name, int Offset)> Arguments(WeightSection section) => [("weights", section.Offset)];

    /// <summary>The parts of packed weights that have elements of their own: their lengths and the sizes of their elements.</summary>
    /// <param name="shape">The layer.</param>
    /// <param name="bytes">The length of the packed weights.</param>
    public virtual ImmutableArray<(int Bytes, int Element)> Parts(LayerShape shape, int bytes) => [(bytes, Element.Size())];

    /// <summary>Packs a layer's weights as its kernel reads them.</summary>
    /// <param name="shape">The layer.</param>
    /// <param name="weights">[groups · outputs][inputs][taps], of the type <see cref="Element"/>.</param>
    public abstract byte[] Pack(LayerShape shape, Tensor weights);

    /// <summary>Reads packed weights back, for whoever evaluates or checks them: the inverse of <see cref="Pack"/>.</summary>
    public abstract Tensor Unpack(LayerShape shape, ReadOnlySpan<byte> packed);

    /// <summary>What makes packed weights unsafe to read for kernels, which follow what stands in them; null where nothing does.</summary>
    public virtual string? Fault(LayerShape shape, ReadOnlySpan<byte> packed) => null;

    /// <summary>The form of a node's constant weights. Parameters as of <see cref="Holds"/>.</summary>
    /// <exception cref="InvalidOperationException">No form or several claim the node.</exception>
    public static WeightStorage Of(LoweringContext context, Node node, LayerShape shape, Tensor weights) =>
        All.Single(s => s.Holds(context, node, shape, weights));

    /// <summary>The form of a name.</summary>
    public static WeightStorage Named(string name) => All.Single(s => s.Name == name);

    /// <summary>The type of the unpacked weights.</summary>
    protected TensorType TypeOf(LayerShape shape) =>
        TensorType.Of(Element, checked(shape.Groups * shape.Outputs), shape.Inputs, shape.Taps);
}

/// <summary>A layer's weights in the blob.</summary>
/// <param name="Node">The layer's node.</param>
/// <param name="Storage">The form.</param>
/// <param name="Shape">The layer.</param>
/// <param name="Offset">Where they begin; layers with equal packed weights share a place.</param>
/// <param name="Bytes">Their packed size.</param>
internal sealed record WeightSection(string Node, WeightStorage Storage, LayerShape Shape, int Offset, int Bytes);
