using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using OptimizerBuild.Graphs;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Passes;

/// <summary>
/// A graph of some layers as exporters write them, with branches, odd shapes and several outputs, drawn for property tests. It shrinks
/// to fewer layers, then to plainer ones, a smaller input and plainer numbers; every description gives a valid graph.
/// </summary>
/// <param name="Input">The dimensions of the input.</param>
/// <param name="Layers">The layers.</param>
/// <param name="HasSecondOutput">Whether the value in the middle is an output beside the last one.</param>
/// <param name="Weights">Numbers from -9999 to 9999, of which the weights are made over and over.</param>
/// <param name="Samples">Numbers of the same kind, of which inputs are made.</param>
internal sealed record GraphDescription(
    ImmutableArray<int> Input, ImmutableArray<LayerDescription> Layers, bool HasSecondOutput,
    ImmutableArray<int> Weights, ImmutableArray<int> Samples)
{
    private const int Largest = 9999;

    /// <summary>Descriptions of up to 13 layers.</summary>
    public static Arbitrary<GraphDescription> All { get; } = Arb.From(
        from input in Inputs()
        from count in Gen.Choose(3, 13)
        from layers in LayerDescription.Drawn.ArrayOf(count)
        from second in Gen.Choose(0, 2)
        // Primes, so that rows and columns do not repeat themselves.
        from weights in Gen.Choose(-Largest, Largest).ArrayOf(211)
        from samples in Gen.Choose(-Largest, Largest).ArrayOf(199)
        select new GraphDescription([.. input], [.. layers], second == 0, [.. weights], [.. samples]), Shrink);

    /// <summary>The graph.</summary>
    public Graph Build()
    {
        var builder = new GraphBuilder(Weights);
        var values = new List<string> { builder.Input([.. Input]) };
        foreach (LayerDescription layer in Layers)
            values.Add(layer.Add(builder, values));
        string last = values[^1], middle = values[values.Count / 2];
        return HasSecondOutput && middle != values[0] && middle != last ? builder.Build(last, middle) : builder.Build(last);
    }

    /// <summary>Inputs of a graph that came from this one by passes: elements from -2 to 2.</summary>
    /// <param name="graph">The graph, all of whose inputs are float32.</param>
    /// <param name="index">The sample's number; each begins elsewhere among the numbers.</param>
    public IReadOnlyList<Tensor> Sample(Graph graph, int index)
    {
        int at = index * 17;
        return [.. graph.Inputs.Select(i => graph.TypeOf(i)).Select(type =>
            new Tensor(type, Enumerable.Range(0, type.Count).Select(_ => Samples[at++ % Samples.Length] / 5000f).ToArray()))];
    }

    /// <summary>The description as C#, to be pasted into a test.</summary>
    public override string ToString() =>
        $"new GraphDescription({PropertyCheck.Describe(Input)}, {PropertyCheck.Describe(Layers)}, "
        + $"{(HasSecondOutput ? "true" : "false")}, {PropertyCheck.Describe(Weights)}, {PropertyCheck.Describe(Samples)})";

    private static Gen<int[]> Inputs() => Gen.OneOf(
        from channels in Gen.Choose(1, 4)
        from width in Gen.Choose(4, 8)
        select new[] { 1, channels, width },
        from rows in Gen.Choose(1, 2)
        from columns in Gen.Choose(1, 6)
        select new[] { rows, columns },
        from height in Gen.Choose(5, 8)
        from width in Gen.Choose(5, 8)
        select new[] { 1, 1, height, width },
        from batch in Gen.Choose(1, 2)
        from channels in Gen.Choose(1, 4)
        from height in Gen.Choose(4, 8)
        from width in Gen.Choose(4, 8)
        select new[] { batch, channels, height, width });

    private static IEnumerable<GraphDescription> Shrink(GraphDescription large)
    {
        foreach (ImmutableArray<LayerDescription> layers in Shrinking.List(large.Layers, 1, layer => layer.Shrink()))
            yield return large with { Layers = layers };
        if (large.HasSecondOutput)
            yield return large with { HasSecondOutput = false };
        foreach (ImmutableArray<int> input in Shrinking.Elements(large.Input, d => Shrinking.Number(d, 1)))
            yield return large with { Input = input };
        foreach (ImmutableArray<int> weights in Numbers(large.Weights))
            yield return large with { Weights = weights };
        foreach (ImmutableArray<int> samples in Numbers(large.Samples))
            yield return large with { Samples = samples };
    }

    private static IEnumerable<ImmutableArray<int>> Numbers(ImmutableArray<int> numbers) =>
        numbers.Length > 12 ? [numbers[..(numbers.Length / 2)], numbers[(numbers.Length / 2)..], numbers[..^1]]
        : Shrinking.List(numbers, 1, n => Shrinking.Number(n));
}
