using System.Globalization;
using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Operators.Trees;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Trees;

/// <summary>
/// Leaves of decision trees in 16 bits: the weights of all leaves of an ensemble become multiples of one power of two, few enough that
/// float32 sums of them are exact. The graph stays a float graph, of which integers give the same bytes. Trees whose outputs would get
/// noisier than <see cref="LeastSignalToNoise"/> by it, or whose classes or infinities would change, keep their weights; so do those of
/// which some target has weights too small for the common step (<see cref="TreeSteps.LeastOfUsualWeight"/>), whatever samples show.
/// </summary>
internal sealed class LeafRounding : ICompressionTechnique
{
    /// <summary>The ratio of signal to noise that outputs must keep, in dB: noise of a thousandth of their size.</summary>
    public const double LeastSignalToNoise = 60;

    private const int MostSamples = 512;

    private const int FewestSamples = 16;

    private const long WorkBudget = 4_000_000_000;

    /// <inheritdoc/>
    public string Name => "LeafRounding";

    /// <inheritdoc/>
    public CompressionStage Stage => CompressionStage.RoundLeaves;

    /// <inheritdoc/>
    public bool IsOn(ModelOptions options) => options.Precision != ModelPrecision.Float32;

    /// <inheritdoc/>
    public CompressionResult Apply(CompressedModel model, CompressionContext context)
    {
        var notes = new List<string>();
        double least = Math.Max(context.Options.MinOutputSignalToNoise ?? 0, LeastSignalToNoise);
        Answers? exact = null;
        foreach (Node node in model.Graph.Nodes.Where(n => n.Is<TreeEnsembleOperator>()).ToArray())
        {
            if (Obstacle(model.Graph, node) is { } obstacle)
            {
                notes.Add($"the weights of the leaves of '{node.Name}' stay as they are: {obstacle}");
                continue;
            }
            var forest = TreeForest.Of(OperatorContext.Of(model.Graph, node));
            double step = StepOf(forest);
            if (step == 0)
            {
                notes.Add($"the weights of the leaves of '{node.Name}' " + (Array.TrueForAll(forest.Weights, w => w == 0)
                    ? "are all zero: 16 bits hold them"
                    : "stay in float32: their sums are no finite numbers, or too large or too small for steps in 16 bits"));
                continue;
            }
            float[] rounded = Array.ConvertAll(forest.Weights, w => (float)(Math.Round(w / step) * step));
            if (rounded.Zip(forest.Weights).All(p => p.First == p.Second))
            {
                notes.Add(string.Create(CultureInfo.InvariantCulture,
                    $"the weights of the leaves of '{node.Name}' are multiples of {step:R} already: 16 bits hold them"));
                continue;
            }
            if (TreeSteps.TooFine(forest, step) is { } target)
            {
                notes.Add($"the weights of the leaves of '{node.Name}' stay in float32: " + string.Create(CultureInfo.InvariantCulture,
                    $"most of those for target {target} are less than {TreeSteps.LeastOfUsualWeight} times the step {step:R}"));
                continue;
            }
            var editor = new GraphEditor(model.Graph);
            string[] inputs = [.. node.Inputs];
            inputs[^1] = editor.AddConstant(inputs[^1] + " rounded", Tensor.Of(rounded, rounded.Length));
            editor.Replace(node, node with { Inputs = [.. inputs] });
            if (editor.ConsumerCount(node.Inputs[^1]) == 0)
                editor.Prune(node.Inputs[^1]);
            Graph graph = editor.ToGraph();
            SelectedSamples samples = Chosen(model.Graph, context.Calibration);
            exact ??= Answers.Of(model.Graph, samples, context.Cancellation);
            (double decibels, int changed, int infinite) = exact.Compare(Answers.Of(graph, samples, context.Cancellation));
            string found = (double.IsFinite(decibels)
                ? string.Create(CultureInfo.InvariantCulture, $"signal to noise of the outputs {decibels:F1} dB") : "no noise")
                + string.Create(CultureInfo.InvariantCulture, $", other classes on {changed} of {samples.Count} samples")
                + (infinite > 0 ? string.Create(CultureInfo.InvariantCulture, $", other infinities on {infinite}") : "");
            if (decibels < least || changed + infinite > 0)
            {
                notes.Add($"the weights of the leaves of '{node.Name}' stay in float32: as multiples of " + string.Create(
                    CultureInfo.InvariantCulture, $"{step:R}: {found}; at least {least:0.#} dB and the same classes are asked for"));
                continue;
            }
            model = model.WithGraph(graph);
            notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"the weights of the leaves of '{node.Name}' are multiples of {step:R} now, in 16 bits: {found}"));
        }
        return new(model, notes, []);
    }

    private static string? Obstacle(Graph graph, Node node) =>
        TreeEnsembleOperator.Aggregate(node) is var aggregate && aggregate != TreeAggregate.Sum
            ? $"16 bits are for sums of trees, and this is the {aggregate.ToString().ToLowerInvariant()}"
        : graph.TypeOf(node.Inputs[0]).Element is var element && element != ElementType.Float32
            ? $"16 bits are for features of float32, and these are {element}"
        : null;

    // 0 where there is nothing to round or no such step.
    private static double StepOf(TreeForest forest)
    {
        double greatest = forest.Weights.Length == 0 ? 0 : forest.Weights.Max(Math.Abs), sums = TreeSteps.MostOfSums(forest);
        if (greatest == 0 || !double.IsFinite(sums))
            return 0;
        double step = TreeSteps.Least;
        // Rounding may take each leaf of each tree half a step up.
        while (greatest / step > TreeSteps.MostOfWeight || (sums / step) + forest.Roots.Length > TreeSteps.MostOfSum)
            step *= 2;
        return step > TreeSteps.Least && step < 1 / TreeSteps.Least ? step : 0;
    }

    private static SelectedSamples Chosen(Graph graph, SampleSet data)
    {
        long macs = graph.Nodes.Sum(n => OperatorRegistry.Of(n).MultiplyAccumulates(OperatorContext.Of(graph, n)));
        long count = Math.Clamp(WorkBudget / Math.Max(macs, 1), FewestSamples, MostSamples);
        return SelectedSamples.Spread(data.Samples, (int)Math.Min(count, data.Samples.Count));
    }

    // What a graph says of samples.
    private sealed record Answers(Tensor[][] Outputs)
    {
        public static Answers Of(Graph graph, SelectedSamples samples, CancellationToken cancellation)
        {
            var evaluator = new GraphEvaluator(graph);
            var outputs = new Tensor[samples.Count][];
            Parallel.For(0, outputs.Length, EvaluationWorkers.Of(evaluator.LiveBytes, cancellation),
                i => outputs[i] = evaluator.Evaluate(samples[i], null, cancellation));
            return new(outputs);
        }

        // The ratio of signal to noise of the noisiest output, and on how many samples an output that is no real number changes and
        // infinities come, go or change.
        public (double Decibels, int Changed, int Infinite) Compare(Answers rounded)
        {
            int outputs = Outputs.Select(o => o.Length).FirstOrDefault();
            double decibels = double.PositiveInfinity;
            var changed = new bool[Outputs.Length];
            var infinite = new bool[Outputs.Length];
            for (int o = 0; o < outputs; o++)
            {
                ErrorPower power = default;
                for (int i = 0; i < Outputs.Length; i++)
                {
                    (Tensor exact, Tensor other) = (Outputs[i][o], rounded.Outputs[i][o]);
                    if (exact.Element.IsFloat() || exact.Element.IsNarrowFloat())
                    {
                        (ErrorPower between, bool isOther) = Between(Reals(other), Reals(exact));
                        (power, infinite[i]) = (power + between, infinite[i] || isOther);
                    }
                    else
                    {
                        changed[i] |= !exact.SameAs(other);
                    }
                }
                decibels = Math.Min(decibels, power.Decibels);
            }
            return (decibels, changed.Count(c => c), infinite.Count(c => c));
        }

        // The error of numbers, and whether what is none has become another or a number.
        private static (ErrorPower Power, bool IsOther) Between(double[] approximation, double[] values)
        {
            ErrorPower power = default;
            bool isOther = false;
            for (int i = 0; i < values.Length; i++)
                if (double.IsFinite(values[i]) && double.IsFinite(approximation[i]))
                    power += new ErrorPower(Square(approximation[i] - values[i]), Square(values[i]));
                else
                    isOther |= !values[i].Equals(approximation[i]);
            return (power, isOther);

            static double Square(double x) => x * x;
        }

        private static double[] Reals(Tensor tensor) => NumericCast.Convert(tensor, ElementType.Float64)!.Values<double>();
    }
}
