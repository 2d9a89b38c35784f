using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Generators.Tests.Plan;

public class PlanTextFormTests
{
    [Fact]
    public void EveryPlanSurvivesWritingAndReading() =>
        PropertyCheck.Holds(RandomPlans.Numbers, numbers =>
        {
            ModelPlan plan = RandomPlans.Create(numbers);
            string text = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(PlanWriter.Write(plan)));
            PlanReading reading = PlanReader.Read(text);
            Assert.Null(reading.Error);
            Assert.Equal(plan, reading.Plan);
            Assert.Equal(text, PlanWriter.Write(reading.Plan!));
        }, tests: 500);

    [Fact]
    public void EveryThingHasALineOfItsOwn() =>
        PropertyCheck.Holds(RandomPlans.Numbers, numbers =>
        {
            ModelPlan plan = RandomPlans.Create(numbers);
            string text = PlanWriter.Write(plan);
            int expected = 5 + plan.Weights.Layers.Count + (plan.Weights.ExpandedBytes is null ? 0 : 1) + plan.Weights.Expansion.Count
                + Math.Min(plan.Strings.Count, 1)
                + (plan.Classifier is { } c ? 1 + c.Labels.Count : 0)
                + (plan.EntryName.Length > 0 ? 1 : 0)
                + plan.Runnable.Sum(e => 3 + e.States.Count + e.States.Count(s => s.Binding is not null) + e.Inputs.Count
                    + e.Inputs.Count(i => i.Binding is not null) + e.Outputs.Count + e.Buffers.Count + e.Values.Count
                    + PlanSteps.LinesOf(e.Steps));
            Assert.Equal(expected, text.Count(ch => ch == '\n'));
            Assert.DoesNotContain(text, ch => ch != '\n' && PlanText.BreaksLine(ch));
        }, tests: 500);

    [Fact]
    public void DamagedTextsGiveErrorsAndNeverExceptions() =>
        PropertyCheck.Holds(RandomPlans.Numbers, numbers =>
        {
            var random = new DrawnRandom(numbers);
            (int Kind, int At, int Size)[] edits =
                [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => (random.Next(4), random.Next(), random.Next()))];
            var text = new StringBuilder(PlanWriter.Write(RandomPlans.Create(random)));
            foreach ((int kind, int place, int size) in edits.Where(_ => text.Length > 0))
            {
                int at = place % text.Length;
                switch (kind)
                {
                    case 0:
                        text.Remove(at, 1 + (size % Math.Min(20, text.Length - at)));
                        break;
                    case 1:
                        text.Insert(at, "99999999999999999999");
                        break;
                    case 2:
                        text[at] = (char)(size % char.MaxValue);
                        break;
                    default:
                        text.Insert(at, text.ToString(at, Math.Min(60, text.Length - at)));
                        break;
                }
            }
            PlanReading reading = PlanReader.Read(text.ToString());
            Assert.True(reading.Plan is null ^ reading.Error is null);
            if (reading.Plan is { } plan)
                Assert.Equal(plan, PlanReader.Read(PlanWriter.Write(plan)).Plan);
            else
                Assert.InRange(reading.Error!.Line, 1, text.ToString().Count(c => c == '\n') + 2);
        }, tests: 3000);

    [Fact]
    public void TheCultureDoesNotMatter()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        var odd = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        odd.NumberFormat.NegativeSign = "minus";
        odd.NumberFormat.NumberDecimalSeparator = ",";
        ModelPlan plan = RandomPlans.Create(7);
        string expected = PlanWriter.Write(plan);
        try
        {
            CultureInfo.CurrentCulture = odd;
            Assert.Equal(expected, PlanWriter.Write(plan));
            Assert.Equal(plan, PlanReader.Read(expected).Plan);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void WindowsLineEndsAreRead()
    {
        ModelPlan plan = RandomPlans.Create(11);
        Assert.Equal(plan, PlanReader.Read(PlanWriter.Write(plan).Replace("\n", "\r\n")).Plan);
    }

    [Fact]
    public void AnotherVersionIsACodedError()
    {
        string text = PlanWriter.Write(RandomPlans.Create(1)).Replace(PlanReader.Magic + " 2", PlanReader.Magic + " 1");
        Assert.Equal(new PlanError("OPT0021", 1, "1"), PlanReader.Read(text).Error);
    }

    [Theory]
    [InlineData("", 1, "line 1: expected 'optimizerbuild-plan', found the end of the line")]
    [InlineData("hello", 1, "line 1: expected 'optimizerbuild-plan', found 'hello'")]
    [InlineData("optimizerbuild-plan x", 1, "line 1: expected an integer, found 'x'")]
    [InlineData("optimizerbuild-plan 2\n", 2, "line 2: expected 'model name=', found the end of the line")]
    [InlineData("optimizerbuild-plan 2\nmodel name=\"x\" class=\"1\"", 2, "line 2: expected a C# identifier for the class, found '\"1\"'")]
    [InlineData(
        "optimizerbuild-plan 2\nmodel name=\"x\" class=\"Info\"", 2,
        "line 2: expected a C# identifier for the class, found '\"Info\"'")]
    public void ErrorsSayWhatWasExpectedAndWhatWasFound(string text, int line, string message) =>
        Assert.Equal(new PlanError("OPT0023", line, message), PlanReader.Read(text).Error);

    [Theory]
    [InlineData("dimensions=[1, 3]", "dimensions=[65536, 65536]", "less than 2 GB")]
    [InlineData("dimensions=[1, 3]", "dimensions=[-1]", "an integer from 0")]
    [InlineData("offset=0\n", "offset=500\n", "inside the arena")]
    [InlineData("property=\"Scores\"", "property=\"Predict\"", "does not use itself")]
    [InlineData("property=\"Scores\"", "property=\"Digits\"", "twice")]
    [InlineData("parameter=\"scores\"", "parameter=\"image\"", "twice")]
    [InlineData("classes=3", "classes=4", "an integer from 3 to 3")]
    [InlineData("text=\"c\"\n", "text=\"c\"\nlabel identifier=\"D\" text=\"d\"\n", "3 labels or none")]
    [InlineData("identifier=\"B\"", "identifier=\"A\"", "twice")]
    [InlineData("type=Float32", "type=Float", "one of Float32, Float64")]
    [InlineData("end\n", "", "'end'")]
    [InlineData("end\n", "end\nmore\n", "nothing after 'end'")]
    [InlineData("a=1, b=2", "a=1, a=2", "each argument once")]
    [InlineData("K.Run", "K.Run;Evil", "expected '('")]
    [InlineData("offset=400", "offset=496", "inside the arena")]
    [InlineData("initial=none", "initial=0", "inside the weights")]
    [InlineData("property=\"H\"", "property=\"Reset\"", "twice")]
    [InlineData("parameter=\"scores\"", "parameter=\"state\"", "twice")]
    [InlineData("threads=one", "threads=two", "one of one, many")]
    [InlineData("condition=499", "condition=500", "an integer from 0 to 499")]
    [InlineData("iteration=0", "iteration=493", "an integer from 0 to 492")]
    [InlineData("bound=4", "bound=-4", "an integer from 0")]
    [InlineData("end if\n", "", "expected 'end if'")]
    [InlineData("end loop\n", "", "expected 'end loop'")]
    [InlineData("else\n", "", "expected 'else'")]
    public void ContradictionsAreErrors(string old, string replacement, string message)
    {
        const string Text = """
            optimizerbuild-plan 2
            model name="digits" class="Digits" namespace="" access=public content=complete
            source file="digits.onnx" sha256="" precision="int8" macs=0 floatWeightBytes=0
            accuracy metric="" float=none compressed=none samples=0
            weights resource="digits" bytes=0 checksum=x:0000000000000000
            arena bytes=500
            execution threads=one start=small
            state name="h" output="hn" property="H" type=Float32 dimensions=[2] offset=400 initial=none
            input name="image" parameter="image" type=UInt8 dimensions=[1, 3]
            output name="scores" property="Scores" parameter="scores" type=Float32 dimensions=[1, 3] offset=0
            classifier output=0 classes=3 scores=logits
            label identifier="A" text="a"
            label identifier="B" text="b"
            label identifier="C" text="c"
            step K.Run(a=1, b=2) node="n" macs=0 description="d"
            loop bound=4 count=none condition=none iteration=0 node="n" description="d"
            if condition=499 node="n" description="d"
            else
            end if
            end loop
            end

            """;
        Assert.Null(PlanReader.Read(Text).Error);
        Assert.Contains(old, Text, StringComparison.Ordinal);
        PlanReading reading = PlanReader.Read(Text.Replace(old, replacement));
        Assert.Contains(message, reading.Error?.Detail ?? "no error", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("entry name=\"\"", "entry name=\"Batch\"", "a new member")]
    [InlineData("entry name=\"\"", "entry name=\"a b\"", "a new member")]
    [InlineData("entry name=\"\"", "entry name=\"Portrait\"", "told from the others")]
    [InlineData("dimensions=[2, 3]", "dimensions=[3, 1]", "told from the others")]
    [InlineData("name=\"image\" parameter=\"image\" type=UInt8 dimensions=[2, 3]",
        "name=\"image\" parameter=\"image\" type=Int8 dimensions=[2, 3]", "with other dimensions")]
    [InlineData("parameter=\"scores\" type=Float32 dimensions=[3] offset=100", "parameter=\"score\" type=Float32 dimensions=[3] offset=100",
        "with other dimensions")]
    [InlineData("type=Float32 dimensions=[3] offset=100", "type=Float32 dimensions=[4] offset=100", "an entry with 3 classes")]
    [InlineData("type=Float32 dimensions=[3] offset=100", "type=Float32 dimensions=[3] offset=600", "inside the arena")]
    [InlineData("type=Float32 dimensions=[2] offset=16", "type=Float32 dimensions=[3] offset=16", "the state of the main entry")]
    [InlineData("property=\"Scores\"", "property=\"PredictPortrait\"", "names that the entries' members do not have")]
    [InlineData("class=\"Digits\"", "class=\"Layers2\"", "names that the entries' members do not have")]
    [InlineData("macs=7", "macs=-7", "an integer from 0")]
    public void EntriesThatDoNotFitIntoOneClassAreErrors(string old, string replacement, string message)
    {
        const string Text = """
            optimizerbuild-plan 2
            model name="digits" class="Digits" namespace="" access=public content=complete
            source file="digits.onnx" sha256="" precision="int8" macs=0 floatWeightBytes=0
            accuracy metric="" float=none compressed=none samples=0
            weights resource="digits" bytes=0 checksum=x:0000000000000000
            arena bytes=500
            execution threads=one start=small
            state name="h" output="hn" property="H" type=Float32 dimensions=[2] offset=400 initial=none
            input name="image" parameter="image" type=UInt8 dimensions=[1, 3]
            output name="scores" property="Scores" parameter="scores" type=Float32 dimensions=[1, 3] offset=0
            classifier output=0 classes=3 scores=logits
            step K.Run(a=1, b=2) node="n" macs=0 description="d"
            entry name="" macs=7
            arena bytes=600
            execution threads=many start=fast
            state name="h" output="hn" property="H" type=Float32 dimensions=[2] offset=16 initial=none
            input name="image" parameter="image" type=UInt8 dimensions=[2, 3]
            output name="scores" property="Scores" parameter="scores" type=Float32 dimensions=[3] offset=100
            step K.Run(a=2, b=2) node="n" macs=0 description="d"
            entry name="Portrait" macs=0
            arena bytes=100
            execution threads=one start=small
            state name="h" output="hn" property="H" type=Float32 dimensions=[2] offset=0 initial=none
            input name="image" parameter="image" type=UInt8 dimensions=[3, 1]
            output name="scores" property="Scores" parameter="scores" type=Float32 dimensions=[3, 1] offset=0
            end

            """;
        Assert.Null(PlanReader.Read(Text).Error);
        Assert.Contains(old, Text, StringComparison.Ordinal);
        PlanReading reading = PlanReader.Read(Text.Replace(old, replacement));
        Assert.Contains(message, reading.Error?.Detail ?? "no error", StringComparison.Ordinal);
    }

    [Fact]
    public void BlocksNestedTooDeeplyAreAnError()
    {
        const int Depth = 70;
        ModelPlan plan = RandomPlans.Create(3);
        EquatableList<PlanStep> steps = EquatableList<PlanStep>.Empty;
        for (int i = 0; i < Depth; i++)
            steps = new([new PlanIf("n", "d", 0, steps, EquatableList<PlanStep>.Empty)]);
        Assert.Contains("blocks in blocks", PlanReader.Read(PlanWriter.Write(plan with { Steps = steps })).Error?.Detail ?? "",
            StringComparison.Ordinal);
    }

    [Fact]
    public void FloatsAreCommentedWithADecimalThatReadsBackExactly() =>
        Prop.ForAll(ArbMap.Default.ArbFor<DoNotSize<int>>(), any =>
        {
            int bits = any.Item;
            float value = BitConverter.Int32BitsToSingle(bits);
            if (PlanText.Decimal(value) is { } text)
                Assert.Equal(bits, BitConverter.SingleToInt32Bits(float.Parse(text, CultureInfo.InvariantCulture)));
            else
                Assert.False(float.IsFinite(value));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));

    [Theory]
    [InlineData(0.1f, "0.1")]
    [InlineData(-0f, "-0")]
    [InlineData(1f / 255, "0.003921569")]
    [InlineData(255f, "255")]
    [InlineData(16777216f, "16777216")]
    [InlineData(float.MaxValue, "3.4028235E+38")]
    [InlineData(float.Epsilon, "1E-45")]
    public void DecimalsAreShort(float value, string expected) => Assert.Equal(expected, PlanText.Decimal(value));
}
