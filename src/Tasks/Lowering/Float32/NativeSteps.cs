using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Weights;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Steps that several of the native lowerings emit: conversions, products of shapes, views.</summary>
internal static class NativeSteps
{
    /// <summary>A value as dense float32; other real types are converted.</summary>
    public static Storage ReadFloat32(this LoweringContext context, Node node, string value) =>
        context.ToFloat32(node, context.Dense(node, context.Read(node, value)));

    /// <summary>A dense storage as float32.</summary>
    public static Storage ToFloat32(this LoweringContext context, Node node, Storage storage)
    {
        if (storage.Element == ElementType.Float32)
            return storage;
        Storage converted = context.CreateScratch(node, ElementType.Float32, storage.Dimensions.AsSpan());
        context.Cast(node, storage, converted);
        return converted;
    }

    /// <summary>
    /// Makes room for a node's output, computes it in float32 and converts it where its type is another real one.
    /// </summary>
    public static void CreateFloat32(this LoweringContext context, Node node, string value, Action<Storage> compute)
    {
        Storage output = context.Create(value);
        if (output.Element == ElementType.Float32)
        {
            compute(output);
            return;
        }
        Storage computed = context.CreateScratch(node, ElementType.Float32, output.Dimensions.AsSpan());
        compute(computed);
        context.Cast(node, computed, output);
    }

    /// <summary>Converts all elements of a dense storage to another's type.</summary>
    /// <param name="context">Where the step goes.</param>
    /// <param name="node">The node it belongs to.</param>
    /// <param name="source">The elements.</param>
    /// <param name="destination">Takes them.</param>
    /// <param name="saturate">Whether 8-bit floats take their greatest number for what is greater.</param>
    /// <param name="rounding">The rounding to E8M0, one of those of <see cref="NarrowFormat"/>.</param>
    public static void Cast(
        this LoweringContext context, Node node, Storage source, Storage destination, bool saturate = true,
        int rounding = NarrowFormat.RoundUp)
    {
        bool isNarrow = source.Element.IsNarrow() || destination.Element.IsNarrow();
        LoweredStep step = context.Step(
                isNarrow ? nameof(NarrowCast) : nameof(CastKernels), "Run", node, $"{Text(source)} → {Text(destination)}")
            .Operand("input", source)
            .Write("output", destination)
            .Int("count", destination.Count)
            .Int("from", (int)source.Element)
            .Int("to", (int)destination.Element);
        if (isNarrow)
            step.Int("saturate", saturate ? 1 : 0).Int("rounding", rounding);
        if (source.ElementSize == destination.ElementSize)
            step.MayReuse(destination, source);
    }

    /// <summary>The same elements with the dimensions in another order.</summary>
    public static Storage Permuted(this Storage storage, params ReadOnlySpan<int> order)
    {
        var dimensions = new int[order.Length];
        var strides = new int[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            dimensions[i] = storage.Dimensions[order[i]];
            strides[i] = storage.Strides[order[i]];
        }
        return storage with { Dimensions = [.. dimensions], Strides = [.. strides], Border = Border.None };
    }

    /// <summary>
    /// The axes in the order in which they lie in memory, outermost first, where that is another one than their own and leaves no
    /// gaps: elements of a transposed view can be computed where they lie. Else null.
    /// </summary>
    public static int[]? OrderInMemory(this Storage storage)
    {
        if (storage.IsDense)
            return null;
        int[] order = [.. Enumerable.Range(0, storage.Dimensions.Length).OrderByDescending(i => storage.Strides[i])];
        return storage.Permuted(order).IsDense ? order : null;
    }

    /// <summary>A new storage for a float32 output whose axes lie in memory in a given order; returned as it lies there.</summary>
    public static Storage CreateInOrder(this LoweringContext context, Node node, string value, int[] order)
    {
        ReadOnlySpan<int> dimensions = context.Graph.TypeOf(value).Dimensions.AsSpan();
        var lying = new int[order.Length];
        var back = new int[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            lying[i] = dimensions[order[i]];
            back[order[i]] = i;
        }
        Storage storage = context.CreateScratch(node, ElementType.Float32, lying);
        context.Alias(value, storage.Permuted(back));
        return storage;
    }

    /// <summary>A box inside a storage.</summary>
    /// <param name="storage">The storage.</param>
    /// <param name="axis">The axis along which it is cut.</param>
    /// <param name="start">Index of the first element.</param>
    /// <param name="count">The number of elements.</param>
    /// <param name="step">Elements from one to the next; may be negative.</param>
    public static Storage Cut(this Storage storage, int axis, int start, int count, int step = 1) => storage with
    {
        Origin = count == 0 ? storage.Origin : storage.Origin + (start * storage.Strides[axis]),
        Dimensions = storage.Dimensions.SetItem(axis, count),
        Strides = storage.Strides.SetItem(axis, storage.Strides[axis] * step),
        Border = Border.None,
    };

    /// <summary>The storage's elements repeated to a larger shape without copying them.</summary>
    public static Storage Broadcast(this Storage storage, ImmutableArray<int> to) => storage with
    {
        Dimensions = to,
        Strides = [.. storage.BroadcastStrides(to.AsSpan())],
        Border = Border.None,
    };

    /// <summary>The same elements under other dimensions, copied only where their layout demands it.</summary>
    public static Storage Reshaped(this LoweringContext context, Node node, Storage storage, ImmutableArray<int> to) =>
        storage.TryReshape(to) ?? context.Dense(node, storage).TryReshape(to)
        ?? throw new InvalidOperationException($"{storage.Dimensions.Length}-dimensional elements without gaps cannot be reshaped");

    /// <summary>Float32 constants that the model file does not contain.</summary>
    public static Storage Constant(this LoweringContext context, ReadOnlySpan<float> values, params ReadOnlySpan<int> dimensions) => new()
    {
        Buffer = null,
        Origin = context.Weights.Add(values),
        Element = ElementType.Float32,
        Dimensions = [.. dimensions],
        Strides = Storage.DenseStrides(dimensions, sizeof(float)),
    };

    /// <summary>A layer's constant float32 weights, packed in the form that suits them.</summary>
    /// <param name="context">What is lowered.</param>
    /// <param name="node">The layer's node.</param>
    /// <param name="shape">The layer.</param>
    /// <param name="weights">[groups · outputs][inputs][taps].</param>
    public static WeightSection Section(this LoweringContext context, Node node, LayerShape shape, float[] weights) => context.AddLayer(
        node, shape, Tensor.Of(weights, shape.Groups * shape.Outputs, shape.Inputs, shape.Taps), out _);

    /// <summary>A layer's constant float32 weights as elements in the weights. Parameters as of <see cref="Section"/>.</summary>
    public static Storage Layer(this LoweringContext context, Node node, LayerShape shape, float[] weights) =>
        Elements(context.Section(node, shape, weights));

    /// <summary>A section of float32 numbers as elements in the weights.</summary>
    public static Storage Elements(WeightSection section) => new()
    {
        Buffer = null,
        Origin = section.Offset,
        Element = ElementType.Float32,
        Dimensions = [section.Bytes / sizeof(float)],
        Strides = [sizeof(float)],
    };

    /// <summary>Byte strides as element strides.</summary>
    public static IEnumerable<int> Elements(int[] byteStrides, int elementSize) => byteStrides.Select(s => s / elementSize);

    /// <summary>Fills all elements of a storage with the same bits.</summary>
    public static void Fill(this LoweringContext context, Node node, Storage storage, long bits, string description)
    {
        BoxShape box = BoxShape.Of(storage.Dimensions.AsSpan(), storage.Strides);
        context.Step("Fill", "Run", node, description)
            .Write("destination", storage)
            .Int("elementSize", storage.ElementSize)
            .Int("bits", bits)
            .Ints("dims", box.Dimensions)
            .Ints("strides", box.Strides[0]);
    }

    /// <summary>For example <c>28×28×16</c>; the element type is named where it is not float32.</summary>
    public static string Text(Storage storage) => Text(storage.Element, storage.Dimensions.AsSpan());

    /// <summary>For example <c>28×28×16</c>; the element type is named where it is not float32.</summary>
    public static string Text(ElementType element, ReadOnlySpan<int> dimensions)
    {
        string shape = dimensions.Length == 0 ? "scalar" : string.Join('×', dimensions.ToArray());
        return element == ElementType.Float32 ? shape : element.ToString().ToLowerInvariant() + " " + shape;
    }
}
