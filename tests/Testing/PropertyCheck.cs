using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using TestResult = FsCheck.TestResult;

namespace OptimizerBuild.Testing;

/// <summary>
/// Checks properties on drawn inputs. A failure shows the smallest input that FsCheck found to fail, the error it gives, and how to run the
/// same inputs again: the environment variable <see cref="ReplayVariable"/> with the numbers that the message names.
/// </summary>
public static class PropertyCheck
{
    /// <summary>The environment variable that replays a failure: FsCheck's seed and gamma, separated by a comma.</summary>
    public const string ReplayVariable = "PROPERTY_REPLAY";

    /// <summary>Fails the test where a drawn input fails the property.</summary>
    /// <param name="inputs">The inputs, with what they shrink to.</param>
    /// <param name="property">Throws where the property does not hold.</param>
    /// <param name="tests">How many inputs are drawn.</param>
    /// <param name="seed">The seed of the inputs; null for other inputs in every run.</param>
    /// <param name="test">The test's name; the compiler fills it in.</param>
    public static void Holds<T>(
        Arbitrary<T> inputs, Action<T> property, int tests, ulong? seed = null, [CallerMemberName] string test = "")
    {
        Config config = Config.Quick.WithMaxTest(tests).WithName(test).WithRunner(new Runner());
        string[] replay = (Environment.GetEnvironmentVariable(ReplayVariable) ?? "").Split(',');
        if (replay.Length == 2)
            config = config.WithReplay(Number(replay[0]), Number(replay[1]));
        else if (seed is { } given)
            config = config.WithReplay(given, 1);
        Prop.ForAll(inputs, property).Check(config);
    }

    /// <summary>The text of an input in messages: the elements of lists and tuples, all of them.</summary>
    public static string Describe(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        ITuple tuple => $"({string.Join(", ", Enumerable.Range(0, tuple.Length).Select(i => Describe(tuple[i])))})",
        IEnumerable list => $"[{string.Join(", ", list.Cast<object?>().Select(Describe))}]",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static ulong Number(string text) => ulong.Parse(text.AsSpan().Trim(), CultureInfo.InvariantCulture);

    // FsCheck's own runner cuts lists off after a few elements.
    private sealed class Runner : IRunner
    {
        public void OnStartFixture(Type fixture)
        {
        }

        public void OnArguments(
            int test, FSharpList<object> arguments, FSharpFunc<int, FSharpFunc<FSharpList<object>, string>> every)
        {
        }

        public void OnShrink(FSharpList<object> arguments, FSharpFunc<FSharpList<object>, string> everyShrink)
        {
        }

        public void OnFinished(string name, TestResult result)
        {
            switch (result)
            {
                case TestResult.Exhausted:
                    Assert.Fail($"{name}: too few inputs fit the property");
                    break;
                case TestResult.Failed { Item1: var data, Item3: var shrunk, Item4: var outcome, Item5: var start } failed:
                    string error = outcome is Outcome.Failed { Item: var e } ? e.ToString() : "the property is false";
                    Assert.Fail(
                        $"{name} fails on input {data.NumberOfTests}, which shrinks in {data.NumberOfShrinks} steps to\n"
                        + $"{Describe(shrunk)}\nfrom\n{Describe(failed.Item2)}\nTo run the same inputs again: "
                        + $"{ReplayVariable}={start.Seed},{start.Gamma} dotnet test -c Release --filter {name}\n{error}");
                    break;
            }
        }
    }
}
