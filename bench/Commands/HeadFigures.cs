using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Compression;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Pipeline.Learning;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// Accuracy against the number of labels: the body of a classifier is trained from nothing on the first half of its classes, and then
/// gets heads for the others, which it has never seen.
/// </summary>
internal static class HeadFigures
{
    private const int Draws = 5;
    private const int Unlabelled = 1000;
    private static readonly int[] LabelsOfClass = [1, 2, 5, 20, 100];

    private static readonly Table<HeadRow> Columns = new(
        new("model", r => r.Model, Width: 20),
        new("labels", r => r.Labels, "N0", 6) { Title = "labels of each class" },
        new("heads", r => r.Draws, "N0", 5) { Title = "heads, each of other samples" },
        new("top-1", r => r.Accuracy, "F4", 8) { Title = "mean Top-1" },
        new("self-trained", r => r.SelfTrained, "F4", 12) { Title = $"with {Unlabelled:N0} samples without labels" },
        new("least", r => r.Least, "F4", 8) { Title = "the worst head" },
        new("samples", r => r.Samples, "N0", 7));

    /// <summary>Prints the figures of models with labelled data to calibrate and evaluate on.</summary>
    /// <param name="models">The models.</param>
    /// <param name="steps">The steps of 64 samples by which a body is trained.</param>
    /// <returns>The rows in Markdown, and as they are.</returns>
    public static (string Markdown, List<HeadRow> Rows) Print(IEnumerable<BenchModel> models, int steps)
    {
        List<HeadRow> rows = Columns.Print(models.SelectMany(m => Measure(m, steps)));
        return (Document.Of(
            "compression --heads",
            $"A body is trained in {steps} steps of 64 samples on the first half of the classes and gets new last layers for the second "
                + "half, learned from a few samples of each; judged on all test samples of these.",
            Columns.Markdown(rows)), rows);
    }

    private static IEnumerable<HeadRow> Measure(BenchModel model, int steps)
    {
        ModelOptions options = model.Options();
        Graph graph = PassPipeline.Run(OnnxImporter.Import(options.ModelPath, ModelCompiler.ImportSettings(options)).Graph);
        (SampleSet training, int[] classes) = LabelledTraining.Read(LabelledTraining.Data(options), graph, options);
        (SampleSet judges, int[] wanted) = LabelledTraining.Read(options.EvaluationData!, graph, options);
        int all = classes.Max() + 1, known = all / 2;
        HeadPlace place = HeadPlace.Find(graph, graph.Outputs[ClassifierDetection.ScoresOutput(graph)], out string obstacle)
            ?? throw new InvalidOperationException(obstacle);
        Graph body = Trained(
            graph, place, training.At([.. Places(classes, c => c < known)]), [.. classes.Where(c => c < known)], known, steps);
        // The trained model's last layer, of which the heads take the place.
        place = HeadPlace.Find(body, place.Output, out _)!;
        SampleSet others = judges.At([.. Places(wanted, c => c >= known)]);
        int[] expected = [.. wanted.Where(c => c >= known).Select(c => c - known)];
        float[][] features = [.. new GraphEvaluator(place.Body(body)).EvaluateMany([.. others.Samples]).Select(a => a[0].Values<float>())];
        foreach (int each in LabelsOfClass)
        {
            double[] plain = new double[Draws], helped = new double[Draws];
            for (int draw = 0; draw < Draws; draw++)
            {
                int[] order = [.. Places(classes, c => c >= known)];
                new RandomSource(FormattableString.Invariant($"head {each} {draw}")).Shuffle<int>(order);
                int[] chosen = [.. Enumerable.Range(known, all - known).SelectMany(c => order.Where(i => classes[i] == c).Take(each))];
                SampleSet few = training.At([.. chosen]);
                SampleSet unlabelled = training.At([.. order.Except(chosen).Take(Unlabelled)]) with { Labels = null };
                plain[draw] = Accuracy(Head(few, chosen, null));
                helped[draw] = Accuracy(Head(few, chosen, unlabelled));
            }
            yield return new(model.Name, each, Draws, plain.Average(), helped.Average(), plain.Min(), expected.Length);
        }

        NewHead Head(SampleSet few, int[] chosen, SampleSet? unlabelled) => NewHead.Learn(
            place, body, few.Samples, [.. chosen.Select(i => classes[i] - known)], all - known, [], unlabelled, SilentProgress.Instance,
            CancellationToken.None);

        double Accuracy(NewHead head)
        {
            float[] weights = head.Weights.Values<float>(), bias = head.Bias.Values<float>();
            int right = 0;
            for (int i = 0; i < features.Length; i++)
            {
                double[] scores = Array.ConvertAll(bias, b => (double)b);
                for (int f = 0; f < features[i].Length; f++)
                    for (int c = 0; c < scores.Length; c++)
                        scores[c] += (double)features[i][f] * weights[(f * scores.Length) + c];
                right += Array.IndexOf(scores, scores.Max()) == expected[i] ? 1 : 0;
            }
            return (double)right / features.Length;
        }
    }

    private static Graph Trained(Graph graph, HeadPlace place, SampleSet samples, int[] labels, int classes, int steps)
    {
        Graph replaced = place.Replace(
            graph, Tensor.Zeros(TensorType.Float32(place.Features(graph), classes)), Tensor.Zeros(TensorType.Float32(classes)));
        string output = replaced.Outputs.First(o => o == place.Output);
        string logits = place.AreProbabilities ? GraphIndex.Of(replaced).Producer(output)!.Inputs[0] : output;
        return LabelledTraining.FromNothing(replaced, logits, samples, labels, "body", steps);
    }

    private static IEnumerable<int> Places(int[] classes, Func<int, bool> wanted) =>
        Enumerable.Range(0, classes.Length).Where(i => wanted(classes[i]));

    /// <summary>Heads from so many labels.</summary>
    internal sealed record HeadRow(
        string Model, int Labels, int Draws, double Accuracy, double SelfTrained, double Least, int Samples);
}
