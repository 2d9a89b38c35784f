using System.Diagnostics;
using System.Reflection;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Tests;

/// <summary>What a debugger shows of generated predictors, called as a debugger calls it.</summary>
public class DebugViewTests
{
    private const string Driver = """
        internal static class Driver
        {
            public static object Predicted(float[] pixels)
            {
                var model = new Consumer.TinyClassifier();
                model.Predict(pixels);
                return model;
            }
        }
        """;

    [Fact]
    public void ValuesAreShownByTheirNamesWithShapesAndNumbers()
    {
        ConsumerProject project = HandMadeModels.Project(Driver);
        using LoadedProject loaded = (project with { Symbols = [.. project.Symbols, "DEBUG"] }).Generate().AssertBuilds().Load();
        float[] pixels = [1, 2, 3, 4];
        object model = loaded.Call("Driver", "Predicted", pixels)!;
        string proxy = model.GetType().GetCustomAttribute<DebuggerTypeProxyAttribute>()!.ProxyTypeName;
        object view = Activator.CreateInstance(model.GetType().Assembly.GetType(proxy.Split(',')[0])!, model)!;
        var values = (Array)view.GetType().GetProperty("Values")!.GetValue(view)!;
        Assert.Equal(
            ["image UInt8 1×4: 1, 2, 3, 4", "/fc/sums Int32 1×3: " + Numbers(HandMadeModels.Expected(pixels)),
                "scores Float32 1×3: " + Numbers(HandMadeModels.Expected(pixels))],
            values.Cast<object>().Select(v => $"{Of(v, "Name")} {Of(v, "Type")} {Of(v, "Shape")}: {Numbers((double[])Of(v, "Numbers"))}"));

        static object Of(object value, string property) => value.GetType().GetProperty(property)!.GetValue(value)!;
    }

    [Fact]
    public void ReleaseBuildsDoNotHaveThem()
    {
        using LoadedProject loaded = HandMadeModels.Project(Driver).Generate().AssertBuilds().Load();
        Type type = loaded.Assembly.GetType("Consumer.TinyClassifier")!;
        Assert.Null(type.GetCustomAttribute<DebuggerTypeProxyAttribute>());
        Assert.Null(type.GetNestedType("DebugView", BindingFlags.NonPublic));
    }

    [Fact]
    public void CallsNameTheBuffersThatTheyReadAndWrite()
    {
        string code = HandMadeModels.Project().Generate().Files["TinyClassifier.Layers.g.cs"];
        Assert.Contains("input: Buffers.Image, ", code, StringComparison.Ordinal);
        Assert.Contains("public const int Sums = 64;", code, StringComparison.Ordinal);
        ModelPlan plan = HandMadeModels.Classifier();
        string moved = HandMadeModels.Project([plan with { Steps = new([HandMadeModels.Dense("/fc", 2, 64)]) }]).Generate()
            .Files["TinyClassifier.Layers.g.cs"];
        Assert.Contains("input: Buffers.Image + 2, ", moved, StringComparison.Ordinal);
    }

    private static string Numbers<T>(IEnumerable<T> numbers) => string.Join(", ", numbers);
}
