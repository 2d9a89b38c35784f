using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Control;
using OptimizerBuild.Options;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Pipeline;

/// <summary>
/// The model for several samples at once, by which <c>PredictBatch</c> uses each weight once for all of them: a product of matrices in
/// place of one of a matrix and a row each. It is there for models that mostly read weights, shares the weights of the single prediction,
/// and gives its bytes; where that is not so, samples run one after the other.
/// </summary>
internal static class SampleBatch
{
    /// <summary>The number of samples: a few tiles of rows of every instruction set, and scratch memory that stays in the cache.</summary>
    public const int Samples = 16;

    // Of less, reading it takes no time to speak of. Of more, a second copy of the graph would be felt in the build.
    private const int LeastWeights = 4096;
    private const int MostWeights = 64 << 20;
    private const int MostScratchBytes = 4 << 20;

    // That kernels give a row the same bytes whatever is beside it is seen on inputs of these seeds.
    private const int Trials = 2;

    /// <summary>The model with so many samples; null where it has none, or nothing to gain from it.</summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="main">The graph of one sample, after the passes.</param>
    /// <param name="import">Imports the model with other settings.</param>
    /// <param name="cancellation">Stops the work; checked between nodes.</param>
    public static (FurtherEntry Entry, Reshaping Reshaping)? Of(
        ModelOptions options, Graph main, Func<ImportOptions, ImportedModel> import, CancellationToken cancellation)
    {
        if (!options.FurtherShapes.IsEmpty || options.State.Count > 0 || options.MaxMemory is not null || !IsWorthIt(main))
            return null;
        try
        {
            ImportedModel imported = import(ModelCompiler.ImportSettings(options) with { Rows = Samples });
            if (!imported.Graph.Inputs.All(i => Multiplies(main.TypeOf(i), imported.Graph.TypeOf(i))) || !KeepsSamplesApart(imported.Graph))
                return null;
            var entry = new FurtherEntry(new ShapeSet("", options.Shapes), imported);
            Reshaping reshaping = entry.Reshaping(main, cancellation);
            return reshaping.Difference.Length == 0 ? (entry, reshaping) : null;
        }
        catch (ModelException)
        {
            // The graph cannot have other rows: a shape in it is written out, say.
            return null;
        }
    }

    /// <summary>Whether a batch computes of each sample what the single prediction does, bit for bit.</summary>
    /// <param name="single">One sample.</param>
    /// <param name="batch">Several.</param>
    public static bool Agrees(PlanExecutor single, PlanExecutor batch)
    {
        if (batch.Entry.ArenaBytes > MostScratchBytes
            || batch.Entry.Outputs.Zip(single.Entry.Outputs, (b, s) => b.Length == (long)s.Length * Samples).Contains(false))
            return false;
        for (int trial = 0; trial < Trials; trial++)
        {
            var random = new Random(trial);
            Tensor[][] samples = [.. Enumerable.Range(0, Samples).Select(_ => single.Entry.Inputs.Select(i => Noise(i, random)).ToArray())];
            Tensor[] together = batch.Run([.. batch.Entry.Inputs.Select((input, i) => Joined(input, [.. samples.Select(s => s[i])]))]);
            for (int s = 0; s < Samples; s++)
            {
                Tensor[] alone = single.Run(samples[s]);
                for (int o = 0; o < alone.Length; o++)
                {
                    ReadOnlySpan<byte> expected = PlanExecutor.Bytes(alone[o]);
                    if (!PlanExecutor.Bytes(together[o]).Slice(s * expected.Length, expected.Length).SequenceEqual(expected))
                        return false;
                }
            }
        }
        return true;
    }

    // A layer whose weights are all used once streams them. Trees are no such layers: rows do not share the way through them.
    private static bool IsWorthIt(Graph graph)
    {
        if (graph.Inputs.Length == 0 || graph.Outputs.Length == 0 || !graph.Inputs.Concat(graph.Outputs).All(v => IsOneSample(graph, v))
            || graph.Nodes.Any(n => OperatorRegistry.Of(n) is IControlFlow || n.Inputs.Any(i => i.Length > 0
                && graph.TypeOf(i).Element == ElementType.String))
            || graph.Constants.Values.Sum(c => (long)c.Count) > MostWeights)
            return false;
        long streamed = 0, all = 0;
        foreach (Node node in graph.Nodes)
        {
            long macs = OperatorRegistry.Of(node).MultiplyAccumulates(OperatorContext.Of(graph, node));
            all += macs;
            if (macs > 0 && node.HasInput(1) && graph.Constant(node.Inputs[1]) is { } weights && weights.Count == macs)
                streamed += macs;
        }
        return streamed >= LeastWeights && streamed * 2 >= all;
    }

    // Whether nothing that a node computes for one place of the leading axis depends on another one: every operator on the way says so.
    private static bool KeepsSamplesApart(Graph graph)
    {
        var axes = graph.Inputs.ToDictionary(i => i, _ => 0, StringComparer.Ordinal);
        foreach (Node node in graph.Nodes)
        {
            int?[] own = [.. node.Inputs.Select(i => axes.TryGetValue(i, out int axis) ? axis : (int?)null)];
            if (own.All(a => a is null))
                continue;
            if ((OperatorRegistry.Of(node) as IKeepsExtent)?.ResultAxis(OperatorContext.Of(graph, node), own) is not { } result)
                return false;
            foreach (string output in node.Outputs.Where(o => o.Length > 0))
                axes[output] = result;
        }
        return graph.Outputs.All(o => axes.TryGetValue(o, out int axis) && axis == 0);
    }

    private static bool IsOneSample(Graph graph, string value) => !graph.IsConstant(value)
        && graph.TypeOf(value) is { Rank: >= 1, Count: > 0, Element: not ElementType.String } type && type.Dimensions[0] == 1;

    private static bool Multiplies(TensorType one, TensorType several) => several.Element == one.Element
        && several.Dimensions.SequenceEqual(one.Dimensions.SetItem(0, Samples));

    // Numbers of every size that is usual; small ones where they may be indices.
    private static Tensor Noise(PlanInput input, Random random)
    {
        Tensor tensor = Tensor.Zeros(TensorType.Of(PlanExecutor.ToElement(input.Type), [.. input.Dimensions]));
        for (int i = 0; i < tensor.Count; i++)
        {
            double value = ((random.NextDouble() * 2) - 1) * (1 << random.Next(4));
            switch (tensor.Data)
            {
                case float[] reals:
                    reals[i] = (float)value;
                    break;
                case Half[] reals:
                    reals[i] = (Half)value;
                    break;
                case double[] reals:
                    reals[i] = value;
                    break;
                case byte[] bytes:
                    bytes[i] = (byte)random.Next(256);
                    break;
                case bool[] truths:
                    truths[i] = random.Next(2) == 1;
                    break;
                default:
                    tensor.Data.SetValue(Convert.ChangeType(random.Next(3), tensor.Data.GetType().GetElementType()!), i);
                    break;
            }
        }
        return tensor;
    }

    private static Tensor Joined(PlanInput input, Tensor[] samples)
    {
        Tensor joined = Tensor.Zeros(TensorType.Of(samples[0].Element, [.. input.Dimensions]));
        for (int s = 0; s < samples.Length; s++)
            Array.Copy(samples[s].Data, 0, joined.Data, s * samples[s].Count, samples[s].Count);
        return joined;
    }
}
