using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Tests;

/// <summary>Predictors with code for several samples at once, compiled and run.</summary>
public sealed class BatchRunTests
{
    private const string Driver = """
        using System;
        using Consumer;

        internal static class Driver
        {
            public static float[] Batch(float[] pixels, int threads, bool warm)
            {
                var model = new TinyClassifier();
                if (warm)
                    model.WarmUp();
                model.Parallelism = threads;
                float[] scores = new float[pixels.Length / TinyClassifier.Info.InputLength * TinyClassifier.Info.OutputLength];
                model.PredictBatch(pixels, scores);
                model.PredictBatch(pixels, scores);
                var predictions = new TinyClassifier.Prediction[pixels.Length / TinyClassifier.Info.InputLength];
                model.PredictBatch(pixels, predictions);
                for (int i = 0; i < predictions.Length; i++)
                    if (predictions[i].Index != Greatest(scores, i * TinyClassifier.Info.OutputLength))
                        throw new InvalidOperationException("sample " + i);
                return scores;
            }

            private static int Greatest(float[] scores, int start)
            {
                int best = 0;
                for (int c = 1; c < TinyClassifier.Info.OutputLength; c++)
                    if (scores[start + c] > scores[start + best])
                        best = c;
                return best;
            }
        }
        """;

    private static readonly Lazy<LoadedProject> Loaded = new(() =>
        HandMadeModels.Project([Plan()], Driver).Generate().AssertBuilds().Load());

    [Theory]
    [InlineData(0, 1, true)]
    [InlineData(1, 1, true)]
    [InlineData(2, 1, true)]
    [InlineData(5, 1, true)]
    [InlineData(6, 2, true)]
    [InlineData(7, 3, true)]
    [InlineData(5, 1, false)]
    public void EverySampleHasItsOwnScores(int samples, int threads, bool warm)
    {
        float[] pixels = [.. Enumerable.Range(0, 4 * samples).Select(i => (float)(i * 7 % 256))];
        float[] expected = [.. Enumerable.Range(0, samples).SelectMany(s => HandMadeModels.Expected(pixels[(4 * s)..(4 * (s + 1))]))];
        Assert.Equal(expected, (float[])Loaded.Value.Call("Driver", "Batch", pixels, threads, warm)!);
    }

    [Fact]
    public void TheCodeForSeveralRunsWhereThereAreSeveral()
    {
        // The batch of this plan has another scale, so that its results tell which code has run.
        ModelPlan plan = Plan();
        plan = plan with
        {
            Batch = plan.Batch! with
            {
                Steps = new([plan.Batch.Steps[0], EntryRunTests.Dequantise(128, 192, 6, 1f)]),
            },
        };
        using LoadedProject loaded = HandMadeModels.Project([plan], Driver).Generate().AssertBuilds().Load();
        float[] pixels = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        float[] scores = (float[])loaded.Call("Driver", "Batch", pixels, 1, true)!;
        float[] twice = [.. HandMadeModels.Expected(pixels[..4]).Concat(HandMadeModels.Expected(pixels[4..8])).Select(v => 2 * v)];
        Assert.Equal([.. twice, .. HandMadeModels.Expected(pixels[8..])], scores);
    }

    [Fact]
    public void ThePlanIsReadAsItWasWrittenAndOtherLengthsAreRefused()
    {
        ModelPlan plan = Plan();
        Assert.Equal(plan, PlanReader.Read(PlanWriter.Write(plan)).Plan);
        ModelPlan odd = plan with
        {
            Batch = plan.Batch! with { Outputs = new(plan.Batch.Outputs.Select(o => o with { Dimensions = new([3, 3]) })) },
        };
        Assert.Contains("two samples or more", PlanReader.Read(PlanWriter.Write(odd)).Error!.Detail, StringComparison.Ordinal);
        ModelPlan both = HandMadeModels.Regressor() with { Batch = plan.Batch, Further = new([plan.Batch with { Name = "Pair" }]) };
        Assert.Contains("one entry", PlanReader.Read(PlanWriter.Write(both)).Error!.Detail, StringComparison.Ordinal);
    }

    private static ModelPlan Plan()
    {
        ModelPlan main = HandMadeModels.Classifier();
        return main with { Batch = EntryRunTests.Pair(main) };
    }
}
