using System.Text;
using System.Xml.Linq;

namespace OptimizerBuild.Options;

/// <summary>The documents that follow from <see cref="ItemMetadata.Table"/>.</summary>
internal static class MetadataDocuments
{
    public static string Markdown()
    {
        var text = new StringBuilder();
        text.Append("""
            # Metadata of the item `CompressedModel`

            Generated from the table that also validates the metadata (`src/Tasks/Pipeline/ItemMetadata.cs`); a test keeps the two equal.
            Everything has a default, so that `<CompressedModel Include="model.onnx" />` alone works. Names and choices are not case-sensitive,
            numbers have a decimal point, paths are relative to the project. A name or value that is not understood is the error
            [OPT0010](diagnostics.md#opt0010); metadata of your own have names that begin with an underscore.

            | Metadata | Default | Accepted | Meaning |
            |---|---|---|---|

            """.ReplaceLineEndings("\n"));
        foreach (MetadataEntry entry in ItemMetadata.Table)
        {
            string accepted = entry.Kind == MetadataKind.Choice ? string.Join(", ", entry.Values.Select(v => "`" + v.Value + "`"))
                : entry.Accepted;
            text.Append($"| [`{entry.Name}`](#{entry.Name.ToLowerInvariant()}) | {entry.Default} | {Cell(accepted)} | ")
                .Append($"{Cell(entry.Description)} |\n");
        }
        foreach (MetadataEntry entry in ItemMetadata.Table)
        {
            text.Append($"\n## {entry.Name}\n\n{entry.Description}\n\nDefault: {entry.Default}.");
            if (entry.Values.Count == 0)
            {
                text.Append($" Accepted: {entry.Accepted}.\n");
                continue;
            }
            text.Append("\n\n");
            foreach ((string value, string meaning) in entry.Values)
                text.Append($"- `{value}`: {meaning}\n");
        }
        return text.ToString();
    }

    public static string PropertyPage()
    {
        XNamespace ns = "http://schemas.microsoft.com/build/2009/properties";
        var rule = new XElement(ns + "Rule",
            new XAttribute("Name", "CompressedModel"),
            new XAttribute("DisplayName", "Compressed model"),
            new XAttribute("Description", "How OptimizerBuild compresses the model"),
            new XAttribute("PageTemplate", "generic"),
            new XAttribute("OverrideMode", "Extend"),
            new XElement(ns + "Rule.DataSource", new XElement(ns + "DataSource",
                new XAttribute("Persistence", "ProjectFile"),
                new XAttribute("ItemType", "CompressedModel"),
                new XAttribute("HasConfigurationCondition", "false"),
                new XAttribute("SourceOfDefaultValue", "AfterContext"))),
            new XElement(ns + "Rule.Categories",
                new XElement(ns + "Category", new XAttribute("Name", "Compression"), new XAttribute("DisplayName", "Compression"))));
        foreach (MetadataEntry entry in ItemMetadata.Table)
        {
            var property = new XElement(ns + (entry.Kind == MetadataKind.Choice ? "EnumProperty" : "StringProperty"),
                new XAttribute("Name", entry.Name),
                new XAttribute("DisplayName", entry.Name),
                new XAttribute("Description", $"{entry.Description} Default: {entry.Default}."),
                new XAttribute("Category", "Compression"),
                new XAttribute("HelpUrl",
                    "https://github.com/OptimizerBuild/OptimizerBuild/blob/main/docs/metadata.md#" + entry.Name.ToLowerInvariant()));
            if (entry.Kind == MetadataKind.Path)
                property.Add(new XAttribute("Subtype", "file"));
            foreach ((string value, string meaning) in entry.Values)
                property.Add(new XElement(ns + "EnumValue", new XAttribute("Name", value),
                    new XAttribute("DisplayName", $"{value}: {meaning}")));
            rule.Add(property);
        }
        var document = new XElement(ns + "ProjectSchemaDefinitions",
            new XComment(" Generated from src/Tasks/Pipeline/ItemMetadata.cs; a test keeps the two equal. "),
            new XElement(ns + "ContentType", new XAttribute("Name", "OnnxModel"), new XAttribute("DisplayName", "ONNX model"),
                new XAttribute("ItemType", "CompressedModel")),
            new XElement(ns + "ItemType", new XAttribute("Name", "CompressedModel"), new XAttribute("DisplayName", "Compressed model")),
            new XElement(ns + "FileExtension", new XAttribute("Name", ".onnx"), new XAttribute("ContentType", "OnnxModel")),
            rule);
        return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + document.ToString().ReplaceLineEndings("\n") + "\n";
    }

    // A bar would end the cell, in code, too.
    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
