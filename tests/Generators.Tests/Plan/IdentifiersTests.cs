using FsCheck.Fluent;
using Microsoft.CodeAnalysis.CSharp;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Generators.Tests.Plan;

public class IdentifiersTests
{
    [Theory]
    [InlineData("fashion-mobilenet", "FashionMobilenet")]
    [InlineData("my net [é]", "MyNetÉ")]
    [InlineData("MobileNetV2", "MobileNetV2")]
    [InlineData("数字", "数字")]
    [InlineData("3d-net", "Model3dNet")]
    [InlineData("", "Model")]
    [InlineData("@#!", "Model")]
    [InlineData("__a__b__", "AB")]
    [InlineData("class", "Class")]
    public void PascalCase(string name, string expected) => Assert.Equal(expected, Identifiers.Pascal(name, "Model"));

    [Theory]
    [InlineData("input", "input")]
    [InlineData("INPUT", "input")]
    [InlineData("X", "x")]
    [InlineData("Input3", "input3")]
    [InlineData("ImageData", "imageData")]
    [InlineData("IOStream", "ioStream")]
    [InlineData("ID_card", "idCard")]
    [InlineData("Input.Ids", "inputIds")]
    [InlineData("input.1", "input1")]
    [InlineData("1", "input1")]
    [InlineData("", "input")]
    [InlineData("/features/0/Conv_output_0", "features0ConvOutput0")]
    [InlineData("Plus214_Output_0", "plus214Output0")]
    public void CamelCase(string name, string expected) => Assert.Equal(expected, Identifiers.Camel(name, "input"));

    [Theory]
    [InlineData("My-App", "My_App")]
    [InlineData("A.1.b", "A._1.b")]
    [InlineData("", "")]
    [InlineData("a..b", "a.b")]
    public void Namespaces(string name, string expected) => Assert.Equal(expected, Identifiers.Namespace(name));

    [Fact]
    public void WhateverTheNameTheResultIsAnIdentifierForTheCompilerToo() =>
        PropertyCheck.Holds(ArbMap.Default.ArbFor<string>(), text =>
        {
            string name = text ?? "";
            string[] identifiers = [Identifiers.Pascal(name, "Model"), Identifiers.Camel(name, "input"), PredictorNames.ClassName(name)];
            foreach (string identifier in identifiers)
            {
                Assert.True(Identifiers.IsIdentifier(identifier), identifier);
                Assert.True(SyntaxFacts.IsValidIdentifier(identifier), identifier);
            }
        }, 1000);

    [Fact]
    public void IdentifiersAreThoseOfTheCompiler()
    {
        for (int c = 0; c < char.MaxValue; c++)
        {
            if (Identifiers.IsIdentifier("x" + (char)c))
                Assert.True(SyntaxFacts.IsIdentifierPartCharacter((char)c), c.ToString("X4", null));
            if (Identifiers.IsIdentifier(((char)c).ToString()))
                Assert.True(SyntaxFacts.IsIdentifierStartCharacter((char)c), c.ToString("X4", null));
        }
    }

    [Fact]
    public void EveryKeywordIsEscaped()
    {
        foreach (SyntaxKind kind in SyntaxFacts.GetReservedKeywordKinds())
            if (!SyntaxFacts.GetText(kind).StartsWith("__", StringComparison.Ordinal))
                Assert.Equal("@" + SyntaxFacts.GetText(kind), Identifiers.Escape(SyntaxFacts.GetText(kind)));
        Assert.Equal("@record", Identifiers.Escape("record"));
        Assert.Equal("image", Identifiers.Escape("image"));
    }

    [Fact]
    public void CollisionsAreNumbered()
    {
        Assert.Equal(["a", "a2", "a22", "b2"], Identifiers.Unique(["a", "a", "a2", "b"], ["b"]));

        PredictorNames names = PredictorNames.Of("Info2", ["x", "X", "predict"], ["x", "X", "info", "Info2"]);
        Assert.Equal(["x", "x2", "predict"], names.InputParameters);
        Assert.Equal(["x3", "x4", "info", "info2"], names.OutputParameters);
        Assert.Equal(["X", "X2", "Info3", "Info22"], names.OutputProperties);
    }

    [Fact]
    public void ClassesAvoidTheNamesOfTheirMembers() => Assert.Equal("InfoModel", PredictorNames.ClassName("info"));

    [Fact]
    public void LabelsBecomeIdentifiers() => Assert.Equal(
        ["TShirtTop", "Trouser", "Class0", "Class1Plus1", "Class4", "Trouser2", "Value"],
        PredictorNames.LabelIdentifiers(["T-shirt/top", "Trouser", "0", "1 plus 1", "+", "trouser", "value__"]));
}
