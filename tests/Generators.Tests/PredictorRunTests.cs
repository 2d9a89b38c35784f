using OptimizerBuild.Generators.Tests.Harness;

namespace OptimizerBuild.Generators.Tests;

/// <summary>Generated predictors, compiled and run.</summary>
public class PredictorRunTests
{
    private const string Driver = """
        namespace Consumer
        {
            internal static class Driver
            {
                public static object[] Classify(float[] pixels)
                {
                    var model = new TinyClassifier();
                    TinyClassifier.Prediction p = model.Predict(pixels);
                    float[] buffer = new float[TinyClassifier.Info.OutputLength];
                    model.Predict(image: pixels, scores: buffer);
                    return new object[] { p.Label.ToString(), p.Index, p.Confidence, model.Scores.ToArray(), buffer };
                }
            }
        }
        """;

    [Theory]
    [InlineData(1f, 2f, 3f, 4f)]
    [InlineData(255f, 0f, 0f, 255f)]
    [InlineData(0f, 0f, 0f, 0f)]
    [InlineData(0f, 200f, 0f, 0f)]
    public void AClassifierGivesScoresAndAPrediction(params float[] pixels)
    {
        using LoadedProject loaded = HandMadeModels.Project(Driver).Generate().AssertBuilds().Load();
        var result = (object[])loaded.Call("Consumer.Driver", "Classify", pixels)!;
        float[] scores = HandMadeModels.Expected(pixels);
        int index = Array.IndexOf(scores, scores.Max());
        Assert.Equal(scores, (float[])result[3]);
        Assert.Equal(scores, (float[])result[4]);
        Assert.Equal(index, (int)result[1]);
        Assert.Equal(new[] { "TShirtTop", "Trouser", "Class" }[index], (string)result[0]);
        Assert.Equal(1 / scores.Sum(s => Math.Exp(s - scores[index])), (float)result[2], 1e-6);
    }
}
