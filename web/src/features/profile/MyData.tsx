import { useState } from "react";
import { useFetch } from "../../app/data";
import { MyDataDocument } from "../../gql/graphql";
import { Button } from "../../ui/Button";
import { Section } from "../../ui/Card";
import { saveFile } from "../../ui/saveFile";
import { toast } from "../../ui/Toast";

export function MyData() {
  const fetchData = useFetch();
  const [busy, setBusy] = useState(false);
  const download = async () => {
    setBusy(true);
    const { data, error } = await fetchData(MyDataDocument, {});
    setBusy(false);
    if (data?.exportMyData)
      saveFile(new Blob([data.exportMyData.data], { type: "application/json" }), data.exportMyData.fileName);
    else toast(error?.message ?? "The server sent no file.", { tone: "danger" });
  };
  return (
    <Section
      title="My data"
      description="Everything that the guild’s server keeps about you, as a JSON file. To have it erased, ask an officer."
    >
      <Button icon="download" busy={busy} onClick={download}>
        Download my data
      </Button>
    </Section>
  );
}
