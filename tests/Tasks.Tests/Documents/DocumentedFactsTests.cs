using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Outliers;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Reporting;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Documents;

/// <summary>
/// What documents say of numbers and names is what the code has. Each sentence stands here with the number's place in it.
/// </summary>
public sealed partial class DocumentedFactsTests
{
    private static readonly QuantizationOptions Defaults = new();

    public static TheoryData<string, string, double> Numbers => new()
    {
        { "quantization.md", "fills a histogram of {0} equal bins", Histogram.DefaultBins },
        { "quantization.md", "Weights are s8 in −{0}…127", WeightQuantizer.Highest },
        { "quantization.md", "two neighbouring weights of one sign add up to at most {0} in magnitude", PairBound.Limit },
        { "quantization.md", "falls by less than {0} dB", Defaults.GreatestLossOfPairSums },
        { "quantization.md", "A node below {0} dB (noise of a tenth",
            new ModelOptions { ModelPath = "", Name = "", ClassName = "" }.MinSignalToNoise },
        { "quantization.md", "simulated on up to {0} calibration samples", Constant(typeof(OutputNoise), "Most") },
        { "quantization.md", "the noisiest output is below {0} dB",
            Defaults.OutputSignalToNoise + Constant(typeof(PrecisionPlanner), "Indifference") },
        { "quantization.md", "While it is below {0} dB", Defaults.OutputSignalToNoise },
        { "quantization.md", "More means are there for outputs below {0} dB",
            Defaults.OutputSignalToNoise + Constant(typeof(PrecisionPlanner), "TuningMargin") },
        { "quantization.md", "A dot product below {0} dB whose input is made in float reads", Constant(typeof(DynamicRange), "Quiet") },
        { "quantization.md", "A dot product below {0} dB whose input is made in float and has rare outliers",
            Constant(typeof(OutlierSplitting), "Quiet") },
        { "quantization.md", "the range of {0} % of its values", 100 * Constant(typeof(OutlierSplitting), "Covered") },
        { "quantization.md", "is kept if it gains {0} dB", Constant(typeof(Quantizer), "LeastGainAgainstOutliers") },
        { "quantization.md", "may not cost more than {0} evaluations", WorkBudget.EvaluationsOfASample },
        { "quantization.md", "as many samples at a time as fit into {0} MB", EvaluationWorkers.MemoryBytes >> 20 },
        { "quantization.md", "| one sample | {0} GB of values", GraphEvaluator.GreatestLiveBytes >> 30 },
        { "quantization.md", "| outputs that are compared | {0} MB", Constant(typeof(OutputNoise), "MemoryBytes") / (1 << 20) },
        { "quantization.md", "| convolutions | {0} MB of im2col", FloatConvolution.TileElements * sizeof(float) >> 20 },
        { "quantization.md", "| a histogram for each value | {0} KB", Histogram.DefaultBins * sizeof(long) >> 10 },
        { "plan.md", "optimizerbuild-plan {0}\n", ModelPlan.Version },
        { "plan.md", "Blocks may hold blocks, {0} deep at most", Constant(typeof(PlanReader), "DeepestBlock") },
    };

    [Theory]
    [MemberData(nameof(Numbers))]
    public void NumbersAreThoseOfTheCode(string document, string sentence, double value)
    {
        string expected = sentence.Replace("{0}", value.ToString("#,0.###", CultureInfo.InvariantCulture), StringComparison.Ordinal);
        Assert.Contains(Words(expected), Words(Read(document)), StringComparison.Ordinal);
    }

    [Fact]
    public void PowersAreThoseOfTheCode()
    {
        string text = Words(Read("quantization.md"));
        Assert.Contains($"or {Power(WorkBudget.Least)} such units", text, StringComparison.Ordinal);
        Assert.Contains($"Scales below {Power(Constant(typeof(WeightQuantizer), "LeastShare"))} of the layer's largest are raised", text,
            StringComparison.Ordinal);

        static string Power(double value) => "2" + string.Concat(Math.Log2(value).ToString("0", CultureInfo.InvariantCulture)
            .Select(c => c == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c - '0']));
    }

    [Fact]
    public void TheReportsFieldsAreThoseOfTheDocument()
    {
        string text = Read("msbuild.md");
        int start = text.IndexOf("The report's fields:", StringComparison.Ordinal);
        string paragraph = text[start..text.IndexOf("\n\n", start, StringComparison.Ordinal)];
        string[] named = [.. Code().Matches(paragraph).Select(m => m.Groups[1].Value.Replace("[]", "", StringComparison.Ordinal))
            .Where(n => char.IsAsciiLetterLower(n[0])).Distinct()];
        Type[] types = [typeof(ModelReport), typeof(EntryReport), typeof(ClassReport), typeof(LayerReport), typeof(TechniqueReport),
            typeof(ReportedDiagnostic)];
        string[] fields = [.. types.SelectMany(FieldsOf).Distinct()];
        Assert.Equal(fields.Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void TheFilesBelowObjAreThoseOfTheDocument()
    {
        string[] endings = [.. typeof(ModelFiles).GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral)
            .Select(f => (string)f.GetRawConstantValue()!)];
        string[] named = [.. Code().Matches(Read("msbuild.md")).Select(m => m.Groups[1].Value)
            .Where(n => n.StartsWith("<name>.", StringComparison.Ordinal)).Select(n => n["<name>".Length..]).Distinct()];
        Assert.Equal(endings.Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void TheProjectsPropertiesAreThoseOfTheDocument()
    {
        string text = Read("msbuild.md");
        string table = text[text.IndexOf("## Properties", StringComparison.Ordinal)..text.IndexOf("## Outputs", StringComparison.Ordinal)];
        Dictionary<string, string> named = Row().Matches(table).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value.Trim('`'));
        string folder = Path.Combine(SharedAssets.RepositoryRoot, "src", "Tasks", "build");
        XDocument targets = XDocument.Load(Path.Combine(folder, "OptimizerBuild.targets"));

        // What the file's own comment lists, with the defaults that it sets.
        string comment = targets.DescendantNodes().OfType<XComment>().Select(c => c.Value)
            .First(c => c.Contains("Properties:", StringComparison.Ordinal));
        string[] listed = [.. Property().Matches(comment[comment.IndexOf("Properties:", StringComparison.Ordinal)..]).Select(m => m.Value)];
        Assert.Equal(listed.Order(StringComparer.Ordinal), named.Keys.Order(StringComparer.Ordinal));
        foreach ((string name, string value) in named)
        {
            string set = targets.Descendants().FirstOrDefault(e => e.Name.LocalName == name
                && ((string?)e.Attribute("Condition"))?.Contains($"'$({name})' == ''", StringComparison.Ordinal) == true)?.Value ?? "empty";
            Assert.Equal(set, value);
        }
    }

    private static double Constant(Type type, string name) => Convert.ToDouble(
        (type.GetField(name, BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
            ?? throw new InvalidOperationException($"{type.Name} has no constant {name}")).GetRawConstantValue(),
                CultureInfo.InvariantCulture);

    private static IEnumerable<string> FieldsOf(Type type) => type.GetProperties(BindingFlags.Instance | BindingFlags.Public)
        .Where(p => p.GetCustomAttribute<System.Text.Json.Serialization.JsonIgnoreAttribute>() is null)
        .Select(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name));

    private static string Read(string document) =>
        File.ReadAllText(Path.Combine(SharedAssets.RepositoryRoot, "docs", document)).ReplaceLineEndings("\n");

    // Line breaks and emphasis are no part of a sentence.
    private static string Words(string text) => Space().Replace(text, " ").Trim();

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Code();

    [GeneratedRegex("^\\| `(\\w+)` \\| ([^|]+?) \\|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("Optimize\\w+|OptimizerBuild\\w+")]
    private static partial Regex Property();

    [GeneratedRegex("\\s+")]
    private static partial Regex Space();
}
