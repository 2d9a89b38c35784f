using Microsoft.Build.Utilities;
using OptimizerBuild.Harness;

namespace OptimizerBuild.Reporting;

/// <summary>Diagnostics point at the element that the user wrote.</summary>
public sealed class ItemLocationTests : IDisposable
{
    private readonly TemporaryFolder _project = new();

    public void Dispose() => _project.Dispose();

    [Theory]
    [InlineData("models/a.onnx", "", 3, 5)]
    [InlineData("models/b.onnx", "First", 4, 5)]
    [InlineData("models/b.onnx", "Second", 5, 7)]
    [InlineData("models/c.onnx", "", 7, 5)]
    [InlineData("models/more/d.onnx", "", 9, 5)]
    [InlineData("other/e.tflite", "", 10, 5)]
    public void AnItemIsFoundByItsPathAndItsOtherMetadata(string path, string className, int line, int column)
    {
        string file = _project["app.csproj"];
        File.WriteAllText(file, """
            <Project>
              <ItemGroup>
                <CompressedModel Include="models\a.onnx" />
                <CompressedModel Include="models/b.onnx" ClassName="First" />
                  <CompressedModel Include="models/b.onnx" ClassName="Second" />
                <Other Include="models/c.onnx" />
                <CompressedModel
                    Include="models/c.onnx" Precision="Int8" />
                <CompressedModel Include="models/more/*.onnx" />
                <CompressedModel Include="@(Found)" />
              </ItemGroup>
            </Project>
            """);
        var item = new TaskItem(path);
        if (className.Length > 0)
            item.SetMetadata("ClassName", className);

        ItemLocation place = ItemLocation.Of(item, file);

        Assert.Equal(new ItemLocation(file, line, column), place);
        Assert.Equal(place, ItemLocation.Parse(place.ToString(), "x"));
    }

    [Fact]
    public void WhereTheFileSaysNothingTheProjectIsThePlace()
    {
        string none = _project["none.csproj"];
        Assert.Equal(new ItemLocation(none, 0, 0), ItemLocation.Of(new TaskItem("m.onnx"), none));
        string broken = _project["broken.csproj"];
        File.WriteAllText(broken, "<Project><Item");
        Assert.Equal(new ItemLocation(broken, 0, 0), ItemLocation.Of(new TaskItem("m.onnx"), broken));
        foreach (string text in (string[])["", "1,2", "a,b,c", "1,2,"])
            Assert.Equal(ItemLocation.OfProject("p"), ItemLocation.Parse(text, "p"));
    }
}
