using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Tests;

/// <summary>What servers and hot paths use of a generated class: the pool, predictions without exceptions, the best classes.</summary>
public class PoolRunTests
{
    private const string Driver = """
        using System;
        using System.Linq;
        using System.Threading;
        using System.Threading.Tasks;

        namespace Consumer
        {
            internal static class Driver
            {
                // Threads that all begin at once, each with inputs of its own; the number of wrong answers and of exceptions.
                public static int Wrong(int threads, int rounds, int capacity)
                {
                    TinyClassifier.Pool pool = capacity == 0 ? TinyClassifier.Shared : new TinyClassifier.Pool(capacity);
                    int wrong = 0;
                    using var start = new Barrier(threads);
                    Thread[] all = Enumerable.Range(0, threads).Select(t => new Thread(() =>
                    {
                        float[] x = { t, 2, t, 1 };
                        var scores = new float[3];
                        start.SignalAndWait();
                        for (int i = 0; i < rounds; i++)
                        {
                            try
                            {
                                pool.Predict(x, scores);
                                int index = pool.Predict(x).Index;
                                if (scores[0] != 0.5f * (10 + t) || scores[2] != 0.5f * ((2 * t) + 3) || scores[index] != scores.Max())
                                    Interlocked.Increment(ref wrong);
                            }
                            catch (Exception)
                            {
                                Interlocked.Increment(ref wrong);
                            }
                        }
                    })).ToArray();
                    foreach (Thread thread in all)
                        thread.Start();
                    foreach (Thread thread in all)
                        thread.Join();
                    return wrong;
                }

                public static object SharedPool() => TinyClassifier.Shared;

                public static void WrongLength() => TinyClassifier.Shared.Predict(new float[3]);

                public static object Make(int capacity) => new TinyClassifier.Pool(capacity);

                public static float[] Once(object pool, float[] x)
                {
                    var scores = new float[3];
                    ((TinyClassifier.Pool)pool).Predict(x, scores);
                    return scores;
                }

                public static long AllocatedBy(int rounds)
                {
                    var pool = new TinyClassifier.Pool(1);
                    var model = new TinyClassifier();
                    pool.WarmUp();
                    model.WarmUp();
                    float[] x = { 1, 2, 3, 4 };
                    var scores = new float[3];
                    var best = new TinyClassifier.Prediction[2];
                    Round();
                    long before = GC.GetAllocatedBytesForCurrentThread();
                    for (int i = 0; i < rounds; i++)
                        Round();
                    return GC.GetAllocatedBytesForCurrentThread() - before;

                    void Round()
                    {
                        pool.Predict(x, scores);
                        pool.Predict(x);
                        model.TryPredict(x, out _);
                        model.TopK(best);
                    }
                }

                public static string Try(float[] x)
                {
                    var model = new TinyClassifier();
                    return model.TryPredict(x, out TinyClassifier.Prediction p) ? p.Label.ToString() : p == default ? "no" : "wrong";
                }

                public static string TryRegressor(float[] x, int room)
                {
                    var scores = new float[room];
                    return new TinyRegressor().TryPredict(x, scores) + " " + string.Join(" ", scores);
                }

                public static string Top(float[] x, int count)
                {
                    var model = new TinyClassifier();
                    TinyClassifier.Prediction first = model.Predict(x);
                    var best = new TinyClassifier.Prediction[count];
                    int found = model.TopK(best);
                    if (found > 0 && best[0] != first)
                        throw new InvalidOperationException();
                    return found + ": " + string.Join(" ", best.Take(found).Select(p => p.Index));
                }

                public static string Batch(float[] x, int threads)
                {
                    var model = new TinyClassifier { Parallelism = threads };
                    var predictions = new TinyClassifier.Prediction[x.Length / 4];
                    model.PredictBatch(x, predictions);
                    for (int i = 0; i < predictions.Length; i++)
                        if (model.Predict(x.AsSpan(i * 4, 4)) != predictions[i])
                            throw new InvalidOperationException();
                    return string.Join(" ", predictions.Select(p => p.Label));
                }

                public static void BatchInto(float[] x, int room) =>
                    new TinyClassifier().PredictBatch(x, new TinyClassifier.Prediction[room]);
            }
        }
        """;

    private static readonly Lazy<byte[]> Image = new(() =>
        HandMadeModels.Project([HandMadeModels.Classifier(), HandMadeModels.Regressor()], Driver).Generate().AssertBuilds().Emit());

    /// <summary>A pool of as many predictors as processors, of one, and of more than there are threads.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(40)]
    public void ManyThreadsGetTheirOwnAnswers(int capacity)
    {
        using LoadedProject loaded = new(Image.Value);
        Assert.Equal(0, loaded.Call("Consumer.Driver", "Wrong", 16, 250, capacity));
    }

    [Fact]
    public void ThePoolIsOneAndGivesBackAfterErrors()
    {
        using LoadedProject loaded = new(Image.Value);
        Assert.Same(loaded.Call("Consumer.Driver", "SharedPool"), loaded.Call("Consumer.Driver", "SharedPool"));
        for (int i = 0; i < 3 * Environment.ProcessorCount; i++)
            Assert.Throws<ArgumentException>(() => loaded.Call("Consumer.Driver", "WrongLength"));
        Assert.Equal(0, loaded.Call("Consumer.Driver", "Wrong", 2, 10, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => loaded.Call("Consumer.Driver", "Make", 0));
    }

    /// <summary>A predictor that cannot be made takes no place: the pool tries again.</summary>
    [Fact]
    public void WithoutWeightsEveryCallSaysSo()
    {
        ConsumerProject project = HandMadeModels.Project([HandMadeModels.Classifier(), HandMadeModels.Regressor()], Driver);
        using LoadedProject loaded = (project with { Resources = new Dictionary<string, byte[]>() }).Generate().Load();
        object pool = loaded.Call("Consumer.Driver", "Make", 1)!;
        for (int i = 0; i < 3; i++)
            Assert.Throws<InvalidDataException>(() => loaded.Call("Consumer.Driver", "Once", pool, new float[4]));
    }

    [Fact]
    public void NothingIsAllocated()
    {
        using LoadedProject loaded = new(Image.Value);
        Assert.Equal(0L, loaded.Call("Consumer.Driver", "AllocatedBy", 100));
    }

    [Fact]
    public void WrongLengthsAreAResult()
    {
        using LoadedProject loaded = new(Image.Value);
        Assert.Equal("Trouser", loaded.Call("Consumer.Driver", "Try", new float[] { 0, 200, 0, 0 }));
        Assert.Equal("no", loaded.Call("Consumer.Driver", "Try", new float[3]));
        Assert.Equal("no", loaded.Call("Consumer.Driver", "Try", Array.Empty<float>()));
        Assert.Equal("True 5.5 0 5", loaded.Call("Consumer.Driver", "TryRegressor", new float[] { 1, 4, 1, 4 }, 3));
        Assert.Equal("False 0 0", loaded.Call("Consumer.Driver", "TryRegressor", new float[] { 1, 4, 1, 4 }, 2));
        Assert.Equal("False 0 0 0", loaded.Call("Consumer.Driver", "TryRegressor", new float[5], 3));
    }

    // Scores of x: (x0 + 10) / 2, x1 - 2 - x3 / 2, half the sum.
    [Theory]
    [InlineData(new float[] { 0, 200, 0, 0 }, 5, "3: 1 2 0")]
    [InlineData(new float[] { 0, 200, 0, 0 }, 2, "2: 1 2")]
    [InlineData(new float[] { 0, 7, 2, 1 }, 3, "3: 0 2 1")]
    [InlineData(new float[] { 0, 0, 0, 0 }, 0, "0: ")]
    public void TheBestClassesComeInOrder(float[] x, int count, string expected)
    {
        using LoadedProject loaded = new(Image.Value);
        Assert.Equal(expected, loaded.Call("Consumer.Driver", "Top", x, count));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void BatchesGiveLabels(int threads)
    {
        using LoadedProject loaded = new(Image.Value);
        Assert.Equal("Trouser TShirtTop Class",
            loaded.Call("Consumer.Driver", "Batch", new float[] { 0, 200, 0, 0, 1, 0, 0, 0, 50, 50, 50, 50 }, threads));
        Assert.Equal("predictions",
            Assert.Throws<ArgumentException>(() => loaded.Call("Consumer.Driver", "BatchInto", new float[8], 3)).ParamName);
    }

    /// <summary>The members are there before the first build, too, and with names of the model that are theirs.</summary>
    [Fact]
    public void SignaturesAndNamesOfModelsDoNotCollide()
    {
        ModelPlan signature = HandMadeModels.Classifier() with { IsSignatureOnly = true, Steps = EquatableList<PlanStep>.Empty };
        ModelPlan regressor = HandMadeModels.Regressor() with { IsSignatureOnly = true, Steps = EquatableList<PlanStep>.Empty };
        HandMadeModels.Project([signature, regressor], Driver).Generate().AssertBuilds();

        ModelPlan named = HandMadeModels.Classifier() with
        {
            Inputs = new([HandMadeModels.Classifier().Inputs[0] with { ParameterName = "prediction" }]),
            Outputs = new([HandMadeModels.Classifier().Outputs[0] with { ParameterName = "predictor" }]),
        };
        HandMadeModels.Project([named]).Generate().AssertBuilds();
        PredictorNames names = PredictorNames.Of("M", ["predictions"], ["pool", "shared", "topK", "tryPredict"]);
        Assert.DoesNotContain(names.OutputProperties, n => n is "Pool" or "Shared" or "TopK" or "TryPredict");
    }
}
